import { createHash } from 'node:crypto';
import {
  type DashboardFiles,
  type DashboardSide,
  entryOf,
  firstScript,
  iconFile,
  styleSheets,
} from './files.ts';

/** The one HTML page of a dashboard, and the policy that it must be served with. */
export interface DashboardPage {
  readonly html: string;
  readonly contentSecurityPolicy: string;
}

const titles: Record<DashboardSide, string> = { pool: 'Hashpool: pool', proxy: 'Hashpool: my miners' };

/** Addresses are relative, so that a proxy may serve the dashboard below any path. */
export function dashboardPage(side: DashboardSide, dashboard: DashboardFiles): DashboardPage {
  const address = (path: string): string => `assets/${dashboard.digest}/${path}`;
  const imports = Object.fromEntries(
    [...dashboard.packages].map(([name, path]) => [name, `./${address(path)}`]),
  );
  const importMap = JSON.stringify({ imports });
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="dark light">
<title>${titles[side]}</title>
<link rel="icon" type="image/svg+xml" href="${address(iconFile)}">
<script src="${address(firstScript)}"></script>
${styleSheets.map((path) => `<link rel="stylesheet" href="${address(path)}">`).join('\n')}
<script type="importmap">${importMap}</script>
${dashboard.modules.map((path) => `<link rel="modulepreload" href="${address(path)}">`).join('\n')}
<script type="module" src="${address(entryOf(side))}"></script>
</head>
<body>
<noscript>This page needs JavaScript. The same figures are at <a href="api/stats">api/stats</a> and <a href="health">health</a>.</noscript>
<div id="dashboard"></div>
</body>
</html>
`;
  return { html, contentSecurityPolicy: policyFor(importMap) };
}

/** Nothing from elsewhere, nothing inline but the import map, and no text is ever taken for markup. */
function policyFor(importMap: string): string {
  const hash = createHash('sha256').update(importMap).digest('base64');
  return [
    "default-src 'none'",
    `script-src 'self' 'sha256-${hash}'`,
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; ');
}
