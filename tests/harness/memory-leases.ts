import { leaseOperations } from '../../roles/mint/store/leases.ts';
import { schema } from '../../roles/mint/store/schema.ts';
import { openDatabase } from '../../runtime/sql/database.ts';
import type { LeaseRequest } from '../../services/work-link/leases.ts';

/** A mint's leases without the rest of the mint. */
export function memoryLeases(): (request: LeaseRequest) => Promise<boolean> {
  const { lease } = leaseOperations(openDatabase(':memory:', schema));
  return async (request) => lease(request);
}
