import { describe, expect, it } from 'vitest'
import { told } from './change'
import { apiLine, auditQuery, exportUrl, type AuditFilter } from './filter'

const NOTHING: AuditFilter = {
  actor: '',
  action: '',
  outcome: '',
  subject: '',
  address: '',
  since: '',
  until: '',
}

describe('the filter', () => {
  it('asks only for what is filled in', () => {
    expect(auditQuery({ ...NOTHING, actor: ' ann ', since: 'nonsense' })).toEqual({ actor: 'ann' })
    expect(apiLine(NOTHING)).toBe('GET /api/v1/audit')
  })

  it('sends absolute times', () => {
    const query = auditQuery({ ...NOTHING, since: '2026-11-21T10:00' })
    expect(query.since).toBe(new Date('2026-11-21T10:00').toISOString())
  })

  it('names a file that holds the same', () => {
    const url = exportUrl({ ...NOTHING, subject: 'person 2&x=1' }, 'csv')
    expect(url).toBe('/api/v1/audit/export?subject=person+2%26x%3D1&format=csv')
  })
})

describe('a line', () => {
  it('shows what changed before what did not', () => {
    const { changes } = told({
      before: { disabled: false, role: 'viewer' },
      after: { disabled: false, role: 'admin' },
    })
    expect(changes.map((change) => [change.name, change.same])).toEqual([
      ['role', false],
      ['disabled', true],
    ])
    expect(changes[0]).toMatchObject({ before: 'viewer', after: 'admin' })
  })

  it('knows what is new and what is gone', () => {
    expect(told({ after: { name: 'bob' } }).changes).toEqual([
      { name: 'name', before: null, after: 'bob', same: false },
    ])
    expect(told({ before: { name: 'bob' } }).changes[0]?.after).toBeNull()
  })

  it('flattens what is nested and keeps the rest as facts', () => {
    const line = told({ before: { dns: { a: [1] } }, after: { dns: { a: [2] } }, by: 'link' })
    expect(line.changes[0]).toMatchObject({ name: 'dns.a', before: '[1]', after: '[2]' })
    expect(line.facts).toEqual([['by', 'link']])
  })

  it('takes whatever a machine wrote', () => {
    expect(told({ before: 3, after: null, note: '<b>' })).toEqual({
      changes: [{ name: 'value', before: '3', after: 'null', same: false }],
      facts: [['note', '<b>']],
    })
  })
})
