// The real server with the demo city in a folder of its own; it can be killed and started again.
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

type Account = { role: string; login: string; password: string };

const binary = process.env.XINDENG_BIN;

export class Server {
  private child: ChildProcess | undefined;
  private constructor(
    private readonly dir: string,
    readonly port: number,
  ) {}

  static async start(): Promise<Server> {
    // the database's user must be able to walk there, also if this runs as root
    const dir = mkdtempSync(join(tmpdir(), 'xindeng-browser-'));
    chmodSync(dir, 0o755);
    const server = new Server(join(dir, 'data'), await freePort());
    await server.run();
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  password(login: string): string {
    const demo = JSON.parse(readFileSync(join(this.dir, 'demo.json'), 'utf8')) as { accounts: Account[] };
    const account = demo.accounts.find((one) => one.login === login);
    if (!account) throw new Error(`the demo city has no ${login}`);
    return account.password;
  }

  async run(): Promise<void> {
    if (!binary) throw new Error('XINDENG_BIN is not set; run make test');
    const child = spawn(binary, ['serve', '--demo', '--data-dir', this.dir, '--listen', `127.0.0.1:${this.port}`], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child = child;
    let log = '';
    child.stderr.on('data', (chunk: Buffer) => {
      log = (log + chunk.toString()).slice(-4000);
    });
    await new Promise<void>((resolve, reject) => {
      child.stdout.once('data', () => resolve());
      child.once('exit', (code) => reject(new Error(`the server ended with ${code}: ${log}`)));
    });
  }

  /** As a power cut would: no goodbye. */
  async kill(): Promise<void> {
    await this.end('SIGKILL');
  }

  async stop(): Promise<void> {
    await this.end('SIGTERM');
    rmSync(this.dir, { recursive: true, force: true });
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    const child = this.child;
    if (!child || child.exitCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await gone;
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => (address && typeof address === 'object' ? resolve(address.port) : reject(new Error('no port'))));
    });
  });
}
