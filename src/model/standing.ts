/** Where a machine stands, with a note for people. */
export interface Standing {
  readonly state:
    | 'current'
    | 'pending'
    | 'paused'
    | 'deploying'
    | 'held'
    | 'failed-evaluation'
    | 'lost'
    | 'unknown'
  readonly note?: string
}
