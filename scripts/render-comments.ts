// Makes HTML and pictures of what people read, as GitHub shows it, to be looked at:
//   npm run comments [-- NAME…]
// Needs chromium (Debian: apt-get install chromium; another one: CHROMIUM=/path) and is no part of the tests.
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { micromark } from 'micromark'
import { gfm, gfmHtml } from 'micromark-extension-gfm'
import { chromium } from 'playwright-core'

const from = 'test/fixtures/comments'
const widths = { wide: 860, narrow: 400 }
const css = readFileSync(
  createRequire(import.meta.url).resolve('github-markdown-css/github-markdown-light.css'),
  'utf8',
)

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')

/** The lines of a diff in the colours that a forge gives them. */
const coloured = (html: string): string =>
  html.replaceAll(
    /<code class="language-diff">([^]*?)<\/code>/g,
    (_, text: string) =>
      `<code>${text.replaceAll(/^([-+!@]).*$/gm, (line, mark: keyof typeof colours) => `<span style="${colours[mark]}">${line}</span>`)}</code>`,
  )
const colours = {
  '+': 'background:#dafbe1;color:#116329',
  '-': 'background:#ffebe9;color:#82071e',
  '!': 'color:#953800',
  '@': 'color:#8250df',
}

function page(body: string): string {
  return `<!doctype html><meta charset="utf-8"><style>${css}
    body { margin: 0; background: #fff } article { padding: 16px; border: 1px solid #d1d9e0; margin: 8px; border-radius: 6px }
  </style><article class="markdown-body">${body}</article>`
}

function toHtml(file: string): string {
  const text = readFileSync(join(from, file), 'utf8')
  if (file.endsWith('.txt')) return page(`<pre>${escaped(text)}</pre>`)
  return page(
    coloured(
      micromark(text, {
        allowDangerousHtml: true,
        extensions: [gfm()],
        htmlExtensions: [gfmHtml()],
      }),
    ),
  )
}

const only = process.argv.slice(2)
const files = readdirSync(from).filter(
  (file) => only.length === 0 || only.some((name) => file.startsWith(name)),
)
const to = mkdtempSync(join(tmpdir(), 'comments-'))
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--no-first-run',
  ],
})
for (const [kind, width] of Object.entries(widths)) {
  const view = await browser.newPage({ viewport: { width, height: 300 }, offline: true })
  for (const file of files) {
    const name = `${basename(file).replace('.', '-')}`
    const html = toHtml(file)
    writeFileSync(join(to, `${name}.html`), html)
    await view.setContent(html)
    await view.screenshot({ path: join(to, `${name}-${kind}.png`), fullPage: true })
    // What is folded, too: all of it opened.
    if (!html.includes('<details>')) continue
    await view.locator('details').evaluateAll((all) => {
      for (const one of all) one.setAttribute('open', '')
    })
    await view.screenshot({ path: join(to, `${name}-${kind}-open.png`), fullPage: true })
  }
  await view.close()
}
await browser.close()
console.log(to)
