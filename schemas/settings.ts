import { compile, type JSONSchema } from 'json-schema-to-typescript'
import { settingsOf, type SettingSchema } from '../src/config/environment.ts'

/** The controller's schema as far as a person is told of it. */
interface Described extends SettingSchema {
  readonly title?: string
  readonly description?: string
  readonly default?: unknown
  readonly enum?: readonly unknown[]
  readonly examples?: readonly unknown[]
}

/** Every setting in a row: what it takes, its default, its variable, an example, what it is. */
export function settingsTable(schema: Described): string {
  const rows = settingsOf<Described>(schema, () => [0]).map(
    ({ path, variable, setting, isRequired }) => {
      const name = path
        .map((step) => (typeof step === 'number' ? '[]' : `.${step}`))
        .join('')
        .slice(1)
      return [
        `\`${name}\``,
        `${typeText(setting)}${isRequired ? ', required' : ''}`,
        setting.default === undefined ? '' : `\`${String(setting.default)}\``,
        `\`${variable}\``,
        `\`${String(setting.examples?.[0])}\``,
        setting.description,
      ]
    },
  )
  const head = ['setting', 'type', 'default', 'environment variable', 'example', 'what it is']
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n')
}

function typeText({ type, $ref, enum: choices }: Described): string {
  if ($ref === '#/$defs/duration') return 'duration'
  if (choices) return choices.map((value) => `\`${String(value)}\``).join(' or ')
  return [type ?? []]
    .flat()
    .map((name) => words[name] ?? name)
    .join(' or ')
}

const words: Readonly<Record<string, string>> = {
  string: 'text',
  integer: 'whole number',
  boolean: 'true or false',
}

/** The settings' types, as they are once the defaults are filled in. */
export async function settingsTypes(schema: object): Promise<string> {
  const filled = JSON.parse(
    JSON.stringify(schema, (key, value: Described | null) => {
      if (key === 'title' && typeof value === 'string') return undefined
      if (typeof value?.$ref === 'string') return { $ref: value.$ref }
      if (value?.properties === undefined) return value
      const preset = Object.entries(value.properties).filter(
        ([, property]) => (property as Described).default !== undefined,
      )
      return { ...value, required: [...(value.required ?? []), ...preset.map(([name]) => name)] }
    }),
  ) as JSONSchema
  const text = await compile({ ...filled, $id: 'Settings' }, 'Settings', {
    bannerComment: '',
    format: false,
    // A list with at least one entry would be a type of its own.
    ignoreMinAndMaxItems: true,
  })
  return text.replaceAll(/\n \* This interface was referenced by[^]*?(?=\n \*\/)/g, '')
}
