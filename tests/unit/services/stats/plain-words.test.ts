import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plainWords } from '../../../../services/stats/health/plain-words.ts';

test("a reason has the system's errors in words", () => {
  for (const [reason, words] of [
    ['127.0.0.1:34255: connect ECONNREFUSED 127.0.0.1:34255', '127.0.0.1:34255: nothing listens there'],
    [
      'waiting for bitcoind: connect ECONNREFUSED ::1:8332',
      'waiting for bitcoind: nothing listens there (::1:8332)',
    ],
    [
      'http://mint does not answer: getaddrinfo ENOTFOUND mint',
      'http://mint does not answer: no machine has that name',
    ],
    [
      "/backups can't be read (ENOENT: no such file or directory, scandir '/backups')",
      "/backups can't be read (it is not there ('/backups'))",
    ],
    [
      'the wallet does not answer: connect ENOENT /run/w.sock',
      'the wallet does not answer: it is not there (/run/w.sock)',
    ],
    ['read ECONNRESET', 'the connection was cut'],
    ['no answer in 3 s', 'no answer in 3 s'],
    ['ECONNREFUSEDX is a name', 'ECONNREFUSEDX is a name'],
  ] as const) {
    assert.equal(plainWords(reason), words);
  }
});
