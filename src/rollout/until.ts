const minute = 60_000
const hour = 60 * minute
const day = 24 * hour
const units: Readonly<Record<string, number>> = { m: minute, h: hour, d: day, w: 7 * day }
const weekdays = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday']

/** What `parseUntil` understands, for people. */
export const untilForms = '2h, 3d, 18:00, tomorrow 08:00, monday 08:00, 2026-12-24 18:00'

/**
 * The time that a person means, after `now`: a duration, a time of day, a day with or without one, or a
 * date; UTC where no zone is given. Undefined for everything else, and for what is over.
 */
export function parseUntil(text: string, now: Date): Date | undefined {
  const words = text.trim().toLowerCase()
  const [, amount, unit = ''] = /^(\d{1,4})\s*([mhdw])$/.exec(words) ?? []
  if (amount !== undefined) return later(now.getTime() + Number(amount) * units[unit]!, now)
  const match =
    /^([a-z]+|\d{4}-\d\d-\d\d)?[\st]*(\d\d?:\d\d(?::\d\d)?)?\s*(z|utc|[+-]\d\d:?\d\d)?$/.exec(words)
  const [, when, clock = '00:00', zone = ''] = match ?? []
  if (when === undefined && match?.[2] === undefined) return undefined
  const offset = zoneOffset(zone)
  const timeOfDay = milliseconds(clock)
  if (offset === undefined || timeOfDay === undefined) return undefined
  const today = Math.floor((now.getTime() + offset) / day) * day
  const at = (dayStart: number): number => dayStart + timeOfDay - offset
  if (when === undefined) return later(at(today) > now.getTime() ? at(today) : at(today + day), now)
  if (when === 'tomorrow') return later(at(today + day), now)
  if (when === 'today') return later(at(today), now)
  const weekday = weekdays.findIndex((name) => name === when || name.slice(0, 3) === when)
  if (weekday >= 0) {
    const ahead = (weekday - new Date(today).getUTCDay() + 7) % 7
    const first = at(today + ahead * day)
    return later(first > now.getTime() ? first : first + 7 * day, now)
  }
  const date = dateStart(when)
  return date === undefined ? undefined : later(at(date), now)
}

function later(ms: number, now: Date): Date | undefined {
  return ms > now.getTime() && Number.isFinite(ms) ? new Date(ms) : undefined
}

/** Milliseconds after midnight. */
function milliseconds(clock: string): number | undefined {
  const [hours = 0, minutes = 0, seconds = 0] = clock.split(':').map(Number)
  if (hours > 23 || minutes > 59 || seconds > 59) return undefined
  return hours * hour + minutes * minute + seconds * 1000
}

/** Milliseconds ahead of UTC. */
function zoneOffset(zone: string): number | undefined {
  const [, sign, hours = '', minutes = ''] = /^([+-])(\d\d):?(\d\d)$/.exec(zone) ?? []
  if (sign === undefined) return 0
  if (Number(hours) > 14 || Number(minutes) > 59) return undefined
  return (sign === '-' ? -1 : 1) * (Number(hours) * hour + Number(minutes) * minute)
}

/** Undefined where there is no such day, the 30th of February for instance. */
function dateStart(date: string): number | undefined {
  const ms = Date.parse(`${date}T00:00:00Z`)
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(date) ? ms : undefined
}
