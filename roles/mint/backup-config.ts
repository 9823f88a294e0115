import { optional, path, table } from '../../runtime/config/fields.ts';

/** `[backup]` of `mint.config.toml`. */
export const backupConfig = table({
  journal_path: optional(
    path(
      'the folder of the issuance journal, best on another disk: with it and any backup nothing is lost; a change of the mint is answered once it is on both',
    ),
  ),
});
