/** A column of a DataTable. `sort` is the word the server sorts by; without it nothing sorts. */
export interface Column {
  key: string
  label: string
  sort?: string
  number?: boolean
}
