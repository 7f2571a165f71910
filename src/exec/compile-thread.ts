import { parentPort } from 'node:worker_threads'
import { compile } from '../compile/compile.ts'
import type { Answer, Question } from './compiler.ts'

// What `createCompiler` starts: compiles what it is given, one after another.

parentPort!.on('message', ({ id, source }: Question) => {
  parentPort!.postMessage(answer({ id, source }))
})

function answer({ id, source }: Question): Answer {
  try {
    // Functions stay in their thread; the tree is rendered while it is taken apart here.
    const { locate: _, ...compilation } = compile(source)
    return { id, compilation }
  } catch (error) {
    return { id, error }
  }
}
