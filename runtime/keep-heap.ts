import { setFlagsFromString } from 'node:v8';

/**
 * Has V8 leave the heap as large as it has become, for a role that holds ten thousand connections. V8 compacts a heap to give
 * memory back when 8 s after a collection the process has little to do: with such a crowd a pause of 30 to 50 ms. Node takes
 * no option for that from its environment, which is where units have theirs.
 */
export function keepHeap(): void {
  setFlagsFromString('--memory-reducer-gc-count=0');
}
