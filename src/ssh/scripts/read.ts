import { answering, common } from './common.ts'

/** look: reads and changes nothing. */
export const look = `${common}${answering}
main() {
  lock 2
  answer locked=false
}
`

/** seat RUN: what runs becomes newest generation, current generation and boot entry (R17). */
export const seat = `${common}${answering}
main() {
  lock 5
  own "$1"
  seat
  answer locked=false
}
`

/** read RUN: the read-back of an attempt; nothing starts under its number any more (R18). */
export const read = `${common}${answering}
main() {
  lock 5
  own "$1"
  stage=$(lease stage)
  if [ "$stage" = taken ]; then set_stage closed; fi
  if is_seated; then
    # A rollback that was cut short may have left the boot entry on the half attempt.
    case $stage in started | failed | unconfirmed | unset) write_boot_entry ;; esac
  else
    seat
  fi
  answer locked=false
}
`

/** drop RUN: the lease goes, after the outcome is in the ledger (R21). */
export const drop = `${common}${answering}
main() {
  lock 5
  own "$1"
  rm -f "$state/lease"
  rm -rf "$volatile/$1"
  answer locked=false
}
`
