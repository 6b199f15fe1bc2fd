import { minifyContractRouter } from '@orpc/contract';
import type { Plugin } from 'vite';
import { membersContract } from '../../members/contract.ts';
import { tradeContract } from '../../trade/contract.ts';

/** `virtual:contracts`: methods and paths of the contracts, without their schemas: the server checks what it is sent. */
export function contracts(): Plugin {
  const id = '\0virtual:contracts';
  return {
    name: 'dostyk-contracts',
    resolveId: (source) => (source === 'virtual:contracts' ? id : undefined),
    load(asked) {
      if (asked !== id) return undefined;
      const routes = minifyContractRouter({ trade: tradeContract, members: membersContract });
      return `export default JSON.parse(${JSON.stringify(JSON.stringify(routes))});`;
    },
  };
}
