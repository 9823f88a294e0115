import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BlockTemplate } from '../../../../domain/templates/block-template.ts';
import type { FittedBlock } from '../../../../domain/templates/fit-block.ts';
import { TemplateBook } from '../../../../domain/templates/template-book.ts';
import type { TemplateMessage } from '../../../../protocols/sv2/template-distribution.ts';
import { Client } from '../../../../roles/template-provider/client.ts';
import type { Solution } from '../../../../roles/template-provider/solutions.ts';
import { createLog } from '../../../../runtime/logs.ts';
import { blockTemplate, transaction } from '../../domain/templates/fixture.ts';

/** A client whose connection only keeps what is sent. */
class Desk {
  readonly sent: TemplateMessage[] = [];
  readonly submitted: { block: FittedBlock; solution: Solution }[] = [];
  readonly book = new TemplateBook<FittedBlock>(0);
  current: BlockTemplate | undefined;
  closed: string | undefined;
  readonly client: Client;

  constructor() {
    this.client = new Client({
      connection: {
        remote: 'test',
        send: (message) => this.sent.push(message),
        close: (reason) => {
          this.closed = reason;
        },
      },
      book: this.book,
      current: () => this.current,
      submit: (block, solution) => this.submitted.push({ block, solution }),
      feeDelta: 1_000n,
      blockTargetBits: undefined,
      log: createLog('test', 'silent'),
    });
  }

  constrain(size = 100, sigops = 4): void {
    this.client.receive({
      name: 'CoinbaseOutputConstraints',
      coinbase_output_max_additional_size: size,
      coinbase_output_max_additional_sigops: sigops,
    });
  }

  offer(template: BlockTemplate, isNewTip: boolean): void {
    this.current = template;
    this.client.offer(template, isNewTip);
  }

  /** Names of what was sent since the last call. */
  names(): string[] {
    return this.sent.splice(0).map(({ name }) => name);
  }
}

test('nothing is sent before the constraints are known, and the pair as soon as there is a template', () => {
  const desk = new Desk();
  desk.offer(blockTemplate([]), true);
  assert.deepEqual(desk.names(), []);
  desk.constrain();
  assert.deepEqual(desk.names(), ['NewTemplate', 'SetNewPrevHash']);

  const early = new Desk();
  early.constrain();
  assert.deepEqual(early.names(), []);
  early.offer(blockTemplate([]), true);
  assert.deepEqual(early.names(), ['NewTemplate', 'SetNewPrevHash']);
});

test('on the same tip a template is sent only where it pays the fee delta more than the last sent', () => {
  const desk = new Desk();
  const paying = (fee: bigint): BlockTemplate => blockTemplate([transaction(1, { fee })]);
  desk.constrain();
  desk.offer(paying(500n), true);
  assert.deepEqual(desk.names(), ['NewTemplate', 'SetNewPrevHash']);
  desk.offer(paying(1_499n), false);
  assert.deepEqual(desk.names(), []);
  desk.offer(paying(1_500n), false);
  const [better] = desk.sent;
  assert(better?.name === 'NewTemplate' && !better.future_template);
  assert.deepEqual(desk.names(), ['NewTemplate']);
  desk.offer(paying(1_600n), false);
  assert.deepEqual(desk.names(), [], 'counted from the one sent last');
});

test('a prev hash names its template and never gives a time below the minimum', () => {
  const desk = new Desk();
  desk.constrain();
  desk.offer(blockTemplate([], { currentTime: 100, minimumTime: 200 }), true);
  const [template, prevHash] = desk.sent;
  assert(template?.name === 'NewTemplate' && prevHash?.name === 'SetNewPrevHash');
  assert.equal(prevHash.template_id, template.template_id);
  assert.equal(prevHash.header_timestamp, 200);
  assert.equal(prevHash.nBits, 0x17034219);
});

test('constraints that fit in no block end the connection', () => {
  const desk = new Desk();
  desk.current = blockTemplate([]);
  desk.constrain(1_000_000);
  assert.match(desk.closed ?? '', /1000000 bytes fit in no block/);
  assert.deepEqual(desk.names(), []);

  const early = new Desk();
  early.constrain(1_000_000);
  early.offer(blockTemplate([]), true);
  assert.match(early.closed ?? '', /fit in no block/);
});

test('a solution reaches the node with its own template, also just after the tip changed', () => {
  const desk = new Desk();
  desk.constrain();
  desk.offer(blockTemplate([], { height: 5 }), true);
  const [template] = desk.sent;
  assert(template?.name === 'NewTemplate');
  desk.book.retireAll(performance.now());
  desk.offer(blockTemplate([], { height: 6 }), true);
  const solution = { version: 1, header_timestamp: 2, header_nonce: 3, coinbase_tx: new Uint8Array(1) };
  desk.client.receive({ name: 'SubmitSolution', template_id: template.template_id, ...solution });
  desk.client.receive({ name: 'SubmitSolution', template_id: 99n, ...solution });
  assert.deepEqual(
    desk.submitted.map(({ block }) => block.template.height),
    [5],
  );
});

test('messages that only a server sends are ignored', () => {
  const desk = new Desk();
  desk.client.receive({ name: 'RequestTransactionData.Error', template_id: 1n, error_code: 'x' });
  assert.deepEqual(desk.names(), []);
  assert.equal(desk.closed, undefined);
});
