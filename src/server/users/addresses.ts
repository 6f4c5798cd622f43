import { BlockList, isIPv6 } from 'node:net';

/** Where an address is. Only public ones are for everybody. */
export type AddressClass = 'public' | 'loopback' | 'private' | 'link-local' | 'special';

/** Addresses that are not for everybody (IANA's special-purpose registries for IPv4 and IPv6). */
const SUBNETS: Readonly<Record<Exclude<AddressClass, 'public'>, readonly string[]>> = {
  loopback: ['127.0.0.0/8', '::1/128'],
  private: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', 'fc00::/7'],
  'link-local': ['169.254.0.0/16', 'fe80::/10'],
  special: [
    ...['0.0.0.0/8', '192.0.0.0/24', '192.0.2.0/24', '192.88.99.0/24', '198.18.0.0/15', '198.51.100.0/24'],
    ...['203.0.113.0/24', '224.0.0.0/4', '240.0.0.0/4', '::/128', '64:ff9b:1::/48', '100::/64', '2001::/23'],
    ...['2001:db8::/32', '2002::/16', '3fff::/20', 'fec0::/10', 'ff00::/8'],
  ],
};

const LISTS = Object.entries(SUBNETS).map(([name, subnets]) => {
  const list = new BlockList();
  for (const subnet of subnets) {
    const [address = '', bits] = subnet.split('/');
    list.addSubnet(address, Number(bits), isIPv6(address) ? 'ipv6' : 'ipv4');
  }
  return [name as AddressClass, list] as const;
});

/** @param address of IPv4 or IPv6, as the system writes it. */
export function classOf(address: string): AddressClass {
  const bare = address.replace(/%.*$/, '');
  const own = translated(bare) ?? bare;
  const family = isIPv6(own) ? 'ipv6' : 'ipv4';
  return LISTS.find(([, list]) => list.check(own, family))?.[0] ?? 'public';
}

/** The address of IPv4 that one of NAT64 (RFC 6052) stands for. */
function translated(address: string): string | null {
  const { hostname } = isIPv6(address) ? new URL(`http://[${address}]/`) : { hostname: '' };
  const [, high, low] = /^\[64:ff9b::([0-9a-f]{1,4}):([0-9a-f]{1,4})\]$/.exec(hostname) ?? [];
  if (high === undefined || low === undefined) {
    return null;
  }
  return [high, low].flatMap((part) => [Number.parseInt(part, 16) >> 8, Number.parseInt(part, 16) & 255]).join('.');
}
