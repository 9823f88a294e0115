// Runs before anything is drawn, so that no page flashes in the other theme; web/theme.ts goes on from here.
{
  const theme = localStorage.getItem('hashpool-theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset['theme'] = theme;
}
