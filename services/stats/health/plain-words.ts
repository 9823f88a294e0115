/** What the system's own words for errors mean to whoever reads a dashboard. */
const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: 'the connection was cut',
  EPIPE: 'the connection was cut',
  ETIMEDOUT: 'no answer',
  EHOSTUNREACH: 'that machine can not be reached',
  ENETUNREACH: 'that network can not be reached',
  ENOTFOUND: 'no machine has that name',
  EAI_AGAIN: 'names can not be looked up at present',
  ENOENT: 'it is not there',
  EACCES: 'access is denied',
  ENOSPC: 'the disk is full',
};

/** `connect ECONNREFUSED 127.0.0.1:3338`, `ENOENT: no such file or directory, stat '/a'`, `getaddrinfo ENOTFOUND mint`. */
const SYSTEM_ERROR = new RegExp(
  `(?:\\b[a-z]+ )?\\b(${Object.keys(WORDS).join('|')})\\b(?:: [a-z ]+, [a-z]+)?(?: ('[^']*'|[^\\s,;)]+))?`,
  'g',
);

/** A reason with the system's errors in words; the place that one names stays, where nothing before it has named it. */
export function plainWords(reason: string): string {
  return reason.replace(SYSTEM_ERROR, (_, code: string, place: string | undefined, at: number) => {
    const words = WORDS[code] ?? code;
    return place === undefined || reason.slice(0, at).includes(place) ? words : `${words} (${place})`;
  });
}
