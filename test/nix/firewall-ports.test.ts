import { expect, test } from 'vitest'
import { portsOf } from '../../src/nix/firewall-ports.ts'

/** A unit as it is read: its scripts are comments. */
const unit = (script: string): string =>
  `[Service]\nExecStart=@/start\n# start:\n${script
    .split('\n')
    .map((line) => `#   ${line}\n`)
    .join('')}`

test('reads ports, ranges, interfaces and trusted interfaces of NixOS’ iptables rules', () => {
  const script = `#! /bin/sh -e
ip46tables -A nixos-fw -i lo -j nixos-fw-accept
ip46tables -A nixos-fw -i wg0 -j nixos-fw-accept
ip46tables -A nixos-fw -i ve-+ -p udp --dport 67 -j nixos-fw-accept
ip46tables -A nixos-fw -m conntrack --ctstate ESTABLISHED,RELATED -j nixos-fw-accept
ip46tables -A nixos-fw -p tcp --dport 443 -j nixos-fw-accept${' '}
ip46tables -A nixos-fw -p tcp --dport 22 -j nixos-fw-accept${' '}
ip46tables -A nixos-fw -p udp --dport 60000:61000 -j nixos-fw-accept${' '}
ip46tables -A nixos-fw -p tcp --dport 9100 -j nixos-fw-accept -i wg1
iptables -w -A nixos-fw -p icmp --icmp-type echo-request -j nixos-fw-accept
iptables -A nixos-fw -p tcp -s 192.0.2.0/24 --dport 5432 -j nixos-fw-accept
ip6tables -A nixos-fw -d fe80::/64 -p udp --dport 546 -j nixos-fw-accept
ip46tables -A nixos-fw -j nixos-fw-log-refuse`
  expect(portsOf({ 'firewall.service': unit(script) })).toEqual([
    '22/tcp',
    '443/tcp',
    '9100/tcp on wg1',
    '60000-61000/udp',
    'all on wg0',
  ])
})

test('reads the same of NixOS’ nftables ruleset', () => {
  const ruleset = `table inet nixos-fw {
  chain input {
    type filter hook input priority filter; policy drop;
    iifname { "lo", "wg0" } accept comment "trusted interfaces"
    ct state vmap {
      new : jump input-allow,
    }
  }

  chain input-allow {

     tcp dport { 22, 443 } accept
     udp dport { 60000-61000 } accept
    iifname wg1 tcp dport { 9100 } accept
    meta l4proto . th dport @temp-ports accept
    icmp type echo-request  accept comment "allow ping"
    ip6 daddr fe80::/64 udp dport 546 accept comment "DHCPv6 client"
    ip saddr 192.0.2.0/24 tcp dport 5432 accept
    tcp dport 8080 accept
  }
  chain output-allow {
    tcp dport { 25 } accept
  }
}`
  expect(portsOf({ 'nftables.service': unit(ruleset) })).toEqual([
    '22/tcp',
    '443/tcp',
    '8080/tcp',
    '9100/tcp on wg1',
    '60000-61000/udp',
    'all on wg0',
  ])
})

test('without a firewall all is open; of one that is not NixOS’ own nothing is said', () => {
  expect(portsOf({ 'sshd.service': '' })).toEqual(['all'])
  expect(portsOf({ 'nftables.service': unit('table inet mine {\n}') })).toEqual([])
  expect(portsOf({ 'firewalld.service': '' })).toEqual([])
})
