import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Scratch } from '../support/scratch.ts';

export interface TinyProxy {
  readonly port: number;
  /** The CONNECT requests that it has logged. */
  readonly connects: () => number;
}

/** Debian's tinyproxy on a port of its own, stopped when the test is over. @param lines further lines of its configuration */
export async function tinyProxyFor(scratch: Scratch, lines: readonly string[] = []): Promise<TinyProxy> {
  const port = await freePort();
  const file = join(await scratch.folder(), 'tinyproxy.conf');
  const settings = [`Port ${port}`, 'Listen 127.0.0.1', 'Timeout 600', 'LogLevel Connect', ...lines, ''];
  await writeFile(file, settings.join('\n'));
  const child = spawn('tinyproxy', ['-d', '-c', file], { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (said += text));
  await once(child, 'spawn');
  const exited = once(child, 'exit');
  scratch.defer(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  for (let left = 100; !(await answers(port)); left -= 1) {
    if (left === 0 || child.exitCode !== null) throw new Error(`tinyproxy did not start:\n${said}`);
    // It does not say when it listens.
    await setTimeout(50);
  }
  return { port, connects: () => said.match(/CONNECT localhost:\d+/g)?.length ?? 0 };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => {
      resolve(false);
    });
  });
}
