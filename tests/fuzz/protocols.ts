import { workLinkProtocol } from '../../protocols/ehash/work-link.ts';
import { jobDeclarationProtocol } from '../../protocols/sv2/job-declaration.ts';
import { miningProtocol } from '../../protocols/sv2/mining.ts';
import { templateDistributionProtocol } from '../../protocols/sv2/template-distribution.ts';

/** What is spoken on connections, by the name of its corpus. */
export const protocols = {
  mining: miningProtocol,
  'template-distribution': templateDistributionProtocol,
  'job-declaration': jobDeclarationProtocol,
  'work-link': workLinkProtocol,
} as const;
