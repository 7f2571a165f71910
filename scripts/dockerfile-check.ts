import { existsSync } from 'node:fs'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { cache, which, workshop } from './cache.ts'
import type { Tool } from './tool.ts'

/** Of BuildKit, which `docker build --check` is a part of. */
const version = '0.34.2'
const home = join(cache, `dockerfile-check-${version}`)

/** `docker build --check` without Docker: it reads a Dockerfile from its input and prints what is to be mended. */
const source = `package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/client/llb/sourceresolver"
	"github.com/moby/buildkit/frontend/dockerfile/dockerfile2llb"
	digest "github.com/opencontainers/go-digest"
)

// No registry is asked: every image is one without settings.
type images struct{}

func (images) ResolveImageConfig(_ context.Context, name string, _ sourceresolver.Opt) (string, digest.Digest, []byte, error) {
	return name, "", []byte("{\\"architecture\\":\\"amd64\\",\\"os\\":\\"linux\\",\\"config\\":{}}"), nil
}

func main() {
	text, err := io.ReadAll(os.Stdin)
	if err != nil {
		panic(err)
	}
	options := dockerfile2llb.ConvertOpt{
		SourceMap:    &llb.SourceMap{Filename: "Dockerfile", Data: text, Definition: &llb.Definition{}},
		MetaResolver: images{},
	}
	found, err := dockerfile2llb.DockerfileLint(context.Background(), text, options)
	if err != nil {
		panic(err)
	}
	for _, warning := range found.Warnings {
		fmt.Printf("%s: %s\\n", warning.RuleName, warning.Detail)
	}
	if found.Error != nil {
		fmt.Println(found.Error.Message)
	}
}
`

/** What Docker's builder says of a Dockerfile, for the test of the container image alone. */
export const dockerfileCheck: Tool = {
  name: 'Dockerfile check',
  plan: `BuildKit's checks of Dockerfiles, ${version}, built by Go into ${home} (2 processors: 1 min)`,
  isReady: () => Promise.resolve(existsSync(dockerfileCheckProgram)),
  obstacle: async () =>
    which('go') === undefined ? `building BuildKit's checks needs Go 1.26: install it` : undefined,
  async install() {
    const folder = join(workshop, 'dockerfile-check')
    await mkdir(folder, { recursive: true })
    await writeFile(join(folder, 'main.go'), source)
    const go = (...args: string[]) =>
      execa('nice', [which('go')!, ...args], { cwd: folder, stdin: 'ignore' })
    await go('mod', 'init', 'dockerfile-check')
    await go('get', `github.com/moby/buildkit@v${version}`)
    await go('mod', 'tidy')
    await go('build', '-trimpath', '-buildvcs=false', '-o', 'dockerfile-check', '.')
    await mkdir(home, { recursive: true })
    await rename(join(folder, 'dockerfile-check'), dockerfileCheckProgram)
    await rm(workshop, { recursive: true, force: true })
  },
}

export const dockerfileCheckProgram = join(home, 'dockerfile-check')
