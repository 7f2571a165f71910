type Schema = Record<string, unknown>

/** What the chart knows by itself, and so nobody can say in its `config`. */
const known = ['stateDir', 'redis', 'listen.port']

/**
 * The schema of the chart's values, with the settings of the controller as its definitions. In draft 7, which
 * every Helm 3 judges by.
 */
export function valuesSchema(values: Schema, controller: Schema): Schema {
  const { $schema: _, $id: _id, $defs, ...settings } = controller
  const generated = Object.entries({ settings, ...($defs as Record<string, Schema>) }).map(
    ([name, one]) => [name, toValues(one, '')] as const,
  )
  const definitions = { ...(values['definitions'] as Schema), ...Object.fromEntries(generated) }
  return { ...values, definitions }
}

/** One schema of the settings, at its path in them: what only the reference page shows is left out. */
function toValues(schema: Schema, path: string): Schema {
  const {
    title: _,
    examples: _examples,
    default: _default,
    $ref,
    properties,
    items,
    ...rest
  } = schema
  // Draft 7 looks at nothing beside a reference.
  if (typeof $ref === 'string') return { $ref: $ref.replace('#/$defs/', '#/definitions/') }
  return {
    ...rest,
    ...(items === undefined ? {} : { items: toValues(items as Schema, `${path}[].`) }),
    ...(properties === undefined
      ? {}
      : {
          properties: Object.fromEntries(
            Object.entries(properties as Record<string, Schema>)
              .filter(([key]) => !known.includes(path + key))
              .map(([key, one]) => [key, toValues(one, `${path}${key}.`)]),
          ),
        }),
  }
}
