/** Tags that turn a selector into a value: what of the hosts they give, of one or of many. */
export const selectorTags = {
  '!host': { gives: 'host', many: false },
  '!hosts': { gives: 'host', many: true },
  '!ip': { gives: 'ip', many: false },
  '!ips': { gives: 'ip', many: true },
  '!hostname': { gives: 'hostname', many: false },
  '!hostnames': { gives: 'hostname', many: true },
  '!fqdn': { gives: 'fqdn', many: false },
  '!fqdns': { gives: 'fqdn', many: true },
} as const

/** Every tag of the language. */
export const tags: readonly string[] = [
  '!nix',
  '!path',
  '!read',
  '!force',
  ...Object.keys(selectorTags),
]
