import { setFlagsFromString } from 'node:v8';

/**
 * Has V8 keep its heap as a role wants it that answers ten thousand connections. Node takes neither option from its environment,
 * which is where units have theirs.
 */
export function tuneHeap(): void {
  // V8 compacts a heap to give memory back when 8 s after a collection the process has little to do: with such a crowd a
  // pause of 30 to 50 ms.
  setFlagsFromString('--memory-reducer-gc-count=0');
  // After a burst, whose shares waited together for their answers, V8 takes it that such objects live long and makes them
  // where only the collector of the whole heap looks. There each keeps for seconds what it points to, all of a share.
  setFlagsFromString('--no-allocation-site-pretenuring');
}
