import { execa } from 'execa'
import { labObstacles } from '../scripts/setup.ts'

/** Gives what keeps the lab from booting machines here, in half a sentence each; empty where nothing does. */
export async function lackingForLab(
  platform: NodeJS.Platform = process.platform,
): Promise<readonly string[]> {
  if (platform !== 'linux') return [`machines boot with systemd-nspawn, which is for Linux`]
  if (process.getuid?.() !== 0) return ['machines boot with systemd-nspawn, which needs root']
  const obstacles = await labObstacles()
  if (obstacles.length > 0) return obstacles
  // Root of a container, too, is often not allowed to.
  const { failed } = await execa('unshare', ['--mount', '--net', 'true'], { reject: false })
  return failed ? ['this root may not make namespaces, as in a container'] : []
}
