/** The part of oidc-provider that the demonstration uses; the package ships no types. */
declare module 'oidc-provider' {
  import type { IncomingMessage, ServerResponse } from 'node:http';

  interface Grant {
    addOIDCScope(scope: string): void;
    save(): Promise<string>;
  }
  interface OidcContext {
    readonly oidc: {
      readonly client?: { readonly clientId: string };
      readonly session?: { readonly accountId?: string };
      readonly provider: { readonly Grant: new (of: { clientId: string; accountId: string }) => Grant };
    };
    body: unknown;
    set(headers: Readonly<Record<string, string>>): void;
  }
  interface Configuration extends Readonly<Record<string, unknown>> {
    readonly interactions?: { readonly url: (ctx: OidcContext, interaction: { readonly uid: string }) => string };
    readonly findAccount?: (ctx: OidcContext, id: string) => unknown;
    readonly loadExistingGrant?: (ctx: OidcContext) => Promise<Grant | undefined>;
    readonly features?: Readonly<Record<string, unknown>> & {
      readonly rpInitiatedLogout?: {
        readonly enabled: boolean;
        readonly logoutSource: (ctx: OidcContext, form: string) => void;
      };
    };
  }
  export default class Provider {
    constructor(issuer: string, configuration: Configuration);
    callback(): (request: IncomingMessage, response: ServerResponse) => void;
    interactionDetails(
      request: IncomingMessage,
      response: ServerResponse,
    ): Promise<{ readonly uid: string; readonly params: Readonly<Record<string, unknown>> }>;
    interactionFinished(
      request: IncomingMessage,
      response: ServerResponse,
      result: { readonly login: { readonly accountId: string; readonly remember: boolean } },
    ): Promise<void>;
  }
  export const errors: { readonly InvalidTarget: new (description?: string) => Error };
}
