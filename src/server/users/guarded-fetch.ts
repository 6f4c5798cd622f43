import { lookup as systemLookup } from 'node:dns/promises';
import { isIP, type LookupFunction } from 'node:net';
import { Agent, buildConnector, fetch as undiciFetch } from 'undici';
import { ForbiddenAddressError } from '../errors.js';
import { type AddressClass, classOf } from './addresses.js';

/** The addresses of a name, as `dns.lookup` finds them. */
export type Resolve = (host: string) => Promise<readonly { readonly address: string; readonly family: number }[]>;

const RESOLVE: Resolve = (host) => systemLookup(host, { all: true, verbatim: true });

/**
 * A `fetch` for what others ask for: it connects to public addresses, and to those of the same class as the Hub's own, so
 * that no redirect and no answer of the DNS leads it into the network that the server stands in. It looks at the address
 * that is connected to, not at its spelling, and no name is looked up twice.
 * @param endpoint the Hub's address.
 */
export function guardedFetch(endpoint: string, resolve: Resolve = RESOLVE): typeof fetch {
  let own: Promise<ReadonlySet<AddressClass>> | undefined;
  /** The classes of the Hub's addresses; where they cannot be told now, they are asked for again. */
  const allowed = () => {
    own ??= classesOf(new URL(endpoint).hostname, resolve).catch(() => {
      own = undefined;
      return PUBLIC;
    });
    return own;
  };
  const check = async (host: string, addresses: readonly string[]) => {
    const inside = addresses.map(classOf).filter((name) => name !== 'public');
    if (inside.length > 0) {
      const known = await allowed();
      if (!inside.every((name) => known.has(name))) {
        throw new ForbiddenAddressError(host);
      }
    }
  };
  const lookup: LookupFunction = (host, options, done) => {
    const found = resolve(host).then(async (addresses) => {
      await check(
        host,
        addresses.map(({ address }) => address),
      );
      return addresses;
    });
    found.then(
      (addresses) =>
        options.all ? done(null, [...addresses]) : done(null, addresses[0]?.address ?? '', addresses[0]?.family),
      (error: NodeJS.ErrnoException) => done(error, ''),
    );
  };
  const connect = buildConnector({ lookup, autoSelectFamily: true });
  const agent = new Agent({
    connect: (options, done) => {
      const literal = bare(options.hostname);
      check(literal, isIP(literal) > 0 ? [literal] : []).then(
        () => connect(options, done),
        (error: Error) => done(error, null),
      );
    },
  });
  const guarded = (input: string | URL, init?: object) => undiciFetch(input, { ...init, dispatcher: agent });
  return guarded as unknown as typeof fetch;
}

const PUBLIC: ReadonlySet<AddressClass> = new Set(['public'] as const);

async function classesOf(host: string, resolve: Resolve): Promise<ReadonlySet<AddressClass>> {
  const literal = bare(host);
  const addresses = isIP(literal) > 0 ? [literal] : (await resolve(literal)).map(({ address }) => address);
  return new Set(addresses.map(classOf));
}

/** An address of IPv6 without its brackets. */
function bare(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1');
}
