import { implement } from '@orpc/server';
import { certificateHandlers } from './certificate-handlers.ts';
import { tradeContract } from './contract.ts';
import { correctionHandlers } from './correction-handlers.ts';
import { decisionHandlers } from './decision-handlers.ts';
import { deskHandlers } from './desk-handlers.ts';
import { dossierHandlers } from './dossier-handlers.ts';
import { driverHandlers } from './driver-handlers.ts';
import { movementHandlers } from './movement-handlers.ts';
import { packHandlers } from './pack-handlers.ts';
import { requirementsHandlers, type TradeContext } from './requirements-handlers.ts';
import { rulesHandlers } from './rules-handlers.ts';
import { versionHandlers } from './version-handlers.ts';
import { webhookHandlers } from './webhook-handlers.ts';

/** Every use case of the platform on smooth trade. */
export const tradeRouter = implement(tradeContract)
  .$context<TradeContext>()
  .router({
    ...dossierHandlers,
    ...decisionHandlers,
    ...movementHandlers,
    ...certificateHandlers,
    ...deskHandlers,
    ...driverHandlers,
    ...versionHandlers,
    ...webhookHandlers,
    ...requirementsHandlers,
    ...packHandlers,
    ...correctionHandlers,
    ...rulesHandlers,
  });
