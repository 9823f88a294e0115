import { messageOf } from '../../../protocols/errors.ts';
import { openWallet } from '../../../services/wallet/wallet.ts';

/** A wallet in a process of its own, for tests that kill it: does one thing, `repeat` times, and prints the result. */
const [path = '', mnemonic = '', mintUrl = '', action = '', argument = '', repeat = '1'] =
  process.argv.slice(2);
const wallet = await openWallet({ path, mnemonic, mintUrl, log: { info: () => undefined } });

const actions: Record<string, () => Promise<unknown>> = {
  collect: () => wallet.collect(),
  send: () => wallet.send(BigInt(argument)),
  receive: () => wallet.receive(argument),
  pay: () => wallet.payInvoice(argument),
  sendTo: () => {
    const [amount = '', key = ''] = argument.split(' ');
    return wallet.send(BigInt(amount), { lock: { kind: 'P2PK', data: key, tags: [] } });
  },
};

try {
  for (let i = 0; i < Number(repeat); i++)
    console.log(String((await actions[action]?.()) ?? 'unknown action'));
} catch (error) {
  console.error(messageOf(error));
  process.exitCode = 1;
} finally {
  await wallet.close();
}
