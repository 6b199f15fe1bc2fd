import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { type AuditReport, auditRemote } from '../log/audit.ts';
import { openCheckpoint } from '../log/checkpoint.ts';
import { formatEvidence, parseEvidence } from '../log/evidence.ts';
import { type Verdict, verify } from '../log/verify.ts';
import { authorship } from '../members/authorship.ts';
import { registryReader } from '../members/registry.ts';
import { openMember, replay } from '../platform.ts';
import { nodeCrypto } from '../values/node-crypto.ts';
import { Refusal } from '../values/refusal.ts';
import { ApiClient, credentialsFor } from './api-client.ts';
import { ownSettings } from './operation-commands.ts';
import { EXIT, print, progress } from './outcome.ts';
import { type FetchBytes, refreshEvidence } from './refresh.ts';
import { registryOf } from './registry-commands.ts';

/** Commands about logs and what is proven by them: verify, log, members, replay. */

async function fetchBytes(url: string, signal: AbortSignal): Promise<Uint8Array> {
  let answer: Response;
  try {
    answer = await fetch(url, { signal: AbortSignal.any([signal, AbortSignal.timeout(20_000)]) });
  } catch (cause) {
    throw new Refusal(503, 'peer-unreachable', `${url} does not answer.`, { cause });
  }
  if (!answer.ok) throw new Refusal(502, 'peer-refuses', `${url} is answered with ${answer.status}.`);
  return new Uint8Array(await answer.arrayBuffer());
}

/** @returns the name of the new file, beside the old */
async function refreshFile(file: string, genesis: string, fetchBytes: FetchBytes): Promise<string> {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (cause) {
    throw new Refusal(400, 'file-unreadable', `${file} can't be read: ${(cause as Error).message}`, { cause });
  }
  const fresh = await refreshEvidence(parseEvidence(bytes), genesis, fetchBytes);
  const target = `${file.replace(/\.dostyk$/, '')}.refreshed.dostyk`;
  writeFileSync(`${target}.new`, formatEvidence(fresh));
  renameSync(`${target}.new`, target);
  return target;
}

function describeVerdict(file: string, verdict: Verdict): string {
  const { answer, reason, message, record, time, cosigners, registry, status, timeDiffers, unchecked } = verdict;
  const lines = [`${file}: ${answer.toUpperCase()} (${reason}). ${message}`];
  if (record !== undefined)
    lines.push(`  ${record.type} by ${record.issuer.authority ?? record.issuer.member}, which says ${record.at}`);
  if (time !== undefined)
    lines.push(
      `  cosigned at ${time} by ${cosigners.join(', ')}${timeDiffers ? '; this is over ten minutes from what the issuer says' : ''}`,
    );
  if (registry !== undefined) lines.push(`  registry version ${registry.version} of ${registry.publishedAt}`);
  if (status !== undefined)
    lines.push(`  not revoked as of ${status.asOf}; the list is good until ${status.validUntil}`);
  for (const algorithm of unchecked) lines.push(`  a ${algorithm} signature is present and not checked here`);
  return lines.join('\n');
}

export function addLogCommands(program: Command, signal: AbortSignal): void {
  const directory = (): string => program.opts<{ directory: string }>().directory;

  program
    .command('verify')
    .description('check evidence files with no network; exits 0 only when every one is valid')
    .argument('<file...>', 'evidence files (.dostyk)')
    .option('--demo', "accept a demonstration's records")
    .option('--genesis <hash>', 'genesis hash to pin; without it that of the demonstration here')
    .option(
      '--refresh',
      'first prove each record anew under the newest checkpoint of its log, over the network, into <file>.refreshed.dostyk, and check that',
    )
    .option('--json', 'print verdicts as JSON')
    .action(
      async (files: string[], options: { demo?: boolean; genesis?: string; refresh?: boolean; json?: boolean }) => {
        const pinned = join(directory(), 'registry', 'genesis.txt');
        if (options.genesis === undefined && !existsSync(pinned)) {
          throw new Refusal(400, 'usage', 'No genesis is pinned here.', {
            remedy: 'Give --genesis with the hash that you trust.',
          });
        }
        const genesis = options.genesis ?? readFileSync(pinned, 'utf8').trim();
        const verdicts: (Verdict & { file: string })[] = [];
        for (const given of files) {
          const file =
            options.refresh === true ? await refreshFile(given, genesis, (url) => fetchBytes(url, signal)) : given;
          let bytes: Uint8Array;
          try {
            bytes = readFileSync(file);
          } catch (cause) {
            throw new Refusal(400, 'file-unreadable', `${file} can't be read: ${(cause as Error).message}`, { cause });
          }
          let verdict: Verdict;
          try {
            const evidence = parseEvidence(bytes);
            verdict = await verify(evidence, {
              crypto: nodeCrypto,
              now: new Date(),
              genesis,
              registry: registryReader(nodeCrypto),
              authorship,
              allowDemo: options.demo === true,
            });
          } catch (error) {
            if (!(error instanceof Refusal)) throw error;
            verdict = {
              answer: 'invalid',
              reason: error.code,
              message: error.message,
              cosigners: [],
              unchecked: [],
              timeDiffers: false,
            };
          }
          verdicts.push({ file, ...verdict });
        }
        print(options.json, { verdicts }, () => verdicts.map((one) => describeVerdict(one.file, one)).join('\n'));
        process.exitCode = verdicts.every(({ answer }) => answer === 'valid') ? EXIT.done : EXIT.declined;
      },
    );

  const log = program.command('log').description('read, prove and audit logs');
  const ofMember = (command: Command): Command =>
    command
      .option('--member <code>', "the member whose log it is; without it every member's")
      .option('--registry <folder>', "folder of the registry's versions")
      .option('--json', 'print as JSON');
  const chosen = async (options: { member?: string; registry?: string }) => {
    const registry = await registryOf(options.registry ?? join(directory(), 'registry'));
    return {
      registry,
      members: options.member === undefined ? [...registry.members] : [registry.getMember(options.member)],
    };
  };

  ofMember(log.command('show').description('the newest checkpoint and who cosigned it')).action(
    async (options: { member?: string; registry?: string; json?: boolean }) => {
      const { registry, members } = await chosen(options);
      const heads = await Promise.all(
        members.map(async ({ code, address, log: { origin, keys } }) => {
          const text = new TextDecoder().decode(await fetchBytes(`${address}/log/checkpoint`, signal));
          const { checkpoint, note } = await openCheckpoint(
            nodeCrypto,
            text,
            keys.map(({ vkey }) => vkey),
          );
          const cosigners = registry
            .witnessesOf(origin, checkpoint.size)
            .filter(({ vkey }) => note.signatures.some(({ name }) => vkey.startsWith(`${name}+`)));
          return {
            member: code,
            origin,
            size: Number(checkpoint.size),
            root: Buffer.from(checkpoint.root).toString('hex'),
            cosigners: cosigners.map(({ member }) => member).sort(),
            checkpoint: text,
          };
        }),
      );
      print(options.json, { logs: heads }, () =>
        heads
          .map(
            (one) =>
              `${one.member}  ${one.origin}  size ${one.size}  root ${one.root.slice(0, 16)}…  cosigned by ${one.cosigners.join(' ') || 'nobody yet'}`,
          )
          .join('\n'),
      );
    },
  );

  ofMember(
    log
      .command('audit')
      .description('recompute a whole log from its public routes: signature, entries, root, tiles, cosignatures'),
  ).action(async (options: { member?: string; registry?: string; json?: boolean }) => {
    const { registry, members } = await chosen(options);
    const reports: (AuditReport & { member: string })[] = [];
    for (const {
      code,
      address,
      log: { origin, keys },
    } of members) {
      const report = await auditRemote(
        (path) => fetchBytes(`${address}/log/${path}`, signal),
        nodeCrypto,
        { origin, logKeys: keys.map(({ vkey }) => vkey), witnessesOf: (size) => registry.witnessesOf(origin, size) },
        progress(`Auditing ${code}`),
      );
      reports.push({ member: code, ...report });
    }
    print(options.json, { audits: reports }, () =>
      reports
        .map((one) =>
          [
            `${one.member}: ${one.size} entries, ${one.tiles} tiles, ${one.cosignatures} cosignatures, ${one.findings.length === 0 ? 'nothing wrong' : `${one.findings.length} findings`}`,
            ...one.findings.map(({ code, message }) => `  ${code}: ${message}`),
          ].join('\n'),
        )
        .join('\n'),
    );
    process.exitCode = reports.every(({ findings }) => findings.length === 0) ? EXIT.done : EXIT.declined;
  });

  log
    .command('prove')
    .description('the evidence of one record that you may read, as a file for `dostyk verify`')
    .argument('<commitment>')
    .option('--as <client>', 'client of the demonstration, e.g. KZ/exporter')
    .option('--json', 'print as JSON; this is what the file holds')
    .action(async (commitment: string, options: { as?: string }) => {
      const client = new ApiClient(credentialsFor(options.as, directory(), process.env));
      const evidence = await client.call('GET', `/api/records/${encodeURIComponent(commitment)}/evidence`, { signal });
      print(true, evidence, () => '');
    });

  program
    .command('members')
    .description('the members as equals, from the registry')
    .option('--registry <folder>', "folder of the registry's versions")
    .option('--json', 'print as JSON')
    .action(async (options: { registry?: string; json?: boolean }) => {
      const registry = await registryOf(options.registry ?? join(directory(), 'registry'));
      const members = registry.members.map(
        ({ code, name, address, log: own, witness, authorities, posts, retention }) => ({
          code,
          name,
          address,
          origin: own.origin,
          logKeys: own.keys.map(({ vkey }) => vkey),
          witnessKeys: witness.keys.map(({ vkey }) => vkey),
          authorities: authorities.map(({ id, mandates }) => ({ id, mandates })),
          posts: posts.map(({ id }) => id),
          retention: retention ?? [],
        }),
      );
      print(
        options.json,
        { version: registry.document.version, genesis: registry.genesis, quorum: registry.document.quorum, members },
        () =>
          [
            `registry version ${registry.document.version}, genesis ${registry.genesis}, final with ${registry.document.quorum} cosignatures`,
            ...members.map(
              (one) =>
                `${one.code}  ${one.name.en.padEnd(14)} ${one.address}  ${one.authorities.length} authorities, ${one.posts.length} posts${one.retention.map(({ section, days }) => `, ${section} kept ${days} days`).join('')}`,
            ),
          ].join('\n'),
      );
    });

  program
    .command('replay')
    .description(
      "drop and rebuild all views of this node's database, and compare digests (DATABASE_URL, DOSTYK_MEMBER, DOSTYK_REGISTRY, DOSTYK_GENESIS)",
    )
    .option('--json', 'print as JSON')
    .action(async (options: { json?: boolean }) => {
      const settings = ownSettings(process.env);
      const { sql, registry } = await openMember(settings);
      try {
        const report = await replay(sql, registry, settings.member, progress('Replaying'));
        print(
          options.json,
          report,
          () =>
            `${report.records} records folded anew; the views are ${report.equal ? 'the same' : 'DIFFERENT'}: ${report.after}`,
        );
        process.exitCode = report.equal ? EXIT.done : EXIT.declined;
      } finally {
        await sql.end({ timeout: 5 });
      }
    });
}
