import assert from 'node:assert/strict';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { utf8 } from '../../../protocols/bytes.ts';
import { AppendFile } from '../../../runtime/append-file.ts';
import { temporaryFolder } from '../../harness/temporary-folder.ts';

test('what was appended is there for who opens the file next, for its owner alone', async () => {
  const path = join(temporaryFolder(), 'file');
  const file = new AppendFile(path);
  file.append(utf8('one '));
  await file.sync();
  file.close();
  const again = new AppendFile(path);
  again.append(utf8('two'));
  assert.equal(again.read().toString(), 'one two');
  assert.equal(again.size, 7);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  again.close();
});

test('other contents take the place of the old ones, and are added to', () => {
  const folder = temporaryFolder();
  const file = new AppendFile(join(folder, 'file'));
  file.append(utf8('a long line of old contents'));
  file.replace(utf8('new'));
  file.append(utf8('er'));
  assert.equal(file.read().toString(), 'newer');
  assert.equal(file.size, 5);
  assert.deepEqual(readdirSync(folder), ['file']);
  file.close();
});

test('a file that cannot be opened says so', () => {
  const path = join(temporaryFolder(), 'missing', 'file');
  assert.throws(() => new AppendFile(path), { code: 'ENOENT' });
  assert.equal(existsSync(path), false);
});
