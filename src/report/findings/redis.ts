import { fine, warning, wrong, type Finding } from '../../model/finding.ts'
import type { RedisFacts } from '../../model/surroundings.ts'
import { isFrom } from './version.ts'

/** Whether a Redis will do. */
export function redisFindings({ name, version, policy, role }: RedisFacts): readonly Finding[] {
  // Valkey began at 7.2.
  const isNew = isFrom(version, '6.2') === true
  return [
    isNew
      ? fine('server', `${name} ${version} answers`)
      : wrong('server', `${name} ${version} is too old`, 'install Redis 6.2 or later, or Valkey'),
    ...(role === 'slave'
      ? [wrong('role', 'it is a replica, which takes nothing', 'name its primary as redis.url')]
      : []),
    policy === 'noeviction'
      ? fine('memory', 'it evicts nothing (maxmemory-policy noeviction)')
      : wrong(
          'memory',
          `maxmemory-policy is ${policy || 'not told'}: full, it would throw jobs away`,
          'maxmemory-policy noeviction in its configuration, or a Redis of the controller’s own',
        ),
  ]
}

/** What Redis, or the way to it, said instead of an answer. */
export function redisFailure(said: string, hasPassword: boolean): Finding {
  if (/WRONGPASS|invalid password|invalid username-password/i.test(said))
    return wrong('password', 'Redis refuses it', 'check the file that redis.passwordFile names')
  if (/NOAUTH/.test(said)) {
    return wrong(
      'password',
      'Redis asks for one',
      'write it to a file that only the controller can read, and name that as redis.passwordFile',
    )
  }
  // Redis says so where none is set; what is meant for another server would go to this one.
  if (hasPassword && /without any password configured|no password is set/i.test(said)) {
    return warning('password', 'Redis has none, and is given one', 'check redis.url')
  }
  if (/NOPERM/.test(said)) {
    return wrong('rights', said, 'its user needs +@all on this database, INFO among it')
  }
  // Told by its first bytes, or by hanging up at ours.
  if (/RESP type|Protocol error|EPIPE|ECONNRESET|EPROTO|wrong version number/i.test(said)) {
    const advice = 'check redis.url: rediss:// is with TLS, redis:// without'
    return wrong('server', 'what answers there is no Redis, or speaks TLS', advice)
  }
  return wrong('server', said, 'start it, or check redis.url')
}
