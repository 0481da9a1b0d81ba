import { type ChildProcess, execFile, spawn } from "node:child_process";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";

const HERE = import.meta.dirname;
const OPTIO = resolve(HERE, process.env["OPTIO_BIN"] ?? "../../target/debug/optio");
const START_MS_MAX = 90_000;
const STOP_MS_MAX = 30_000;

/** `plain` is a server with a simulated model; the others are the demonstrations of the product. */
export type Kind = "plain" | "team" | "task";

/** The real server with its own Postgres and the UI that was built into it. */
export class World {
  private processes: ChildProcess[] = [];
  private server: ChildProcess | null = null;
  private readonly log: string[] = [];

  private constructor(
    private readonly kind: Kind,
    private readonly home: string,
    readonly api: string,
    private readonly env: Record<string, string>,
  ) {}

  static async start(kind: Kind, env: Record<string, string> = {}): Promise<World> {
    const home = await mkdtemp(join(tmpdir(), "optio-web-"));
    // Postgres and agents run as users of their own, which have to get in.
    await chmod(home, 0o755);
    const world = new World(kind, home, `http://127.0.0.1:${await freePort()}`, env);
    try {
      if (kind === "plain") await world.startModel();
      await world.startServer();
      return world;
    } catch (error) {
      await world.end();
      throw error;
    }
  }

  /** Where the UI is. */
  get url(): string {
    return this.api;
  }

  async startServer(): Promise<void> {
    const commands: Record<Kind, string[]> = {
      plain: ["dev"],
      team: ["demo"],
      task: ["demo", "--task"],
    };
    const listen = new URL(this.api).host;
    this.server = this.run([
      ...commands[this.kind],
      "--listen",
      listen,
      "--data-dir",
      join(this.home, "data"),
    ]);
    await this.until(async () => (await fetch(`${this.api}/api/health`)).ok, "the server answers");
  }

  /** The server is gone without a word, as by a power cut. */
  async stopServer(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    if (this.server) await stop(this.server, signal);
    this.server = null;
  }

  /** Sends a request as a person. */
  async post(path: string, body: unknown): Promise<unknown> {
    const token = this.env["OPTIO_ADMIN_TOKEN"];
    const response = await fetch(this.api + path, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        ...(token ? { authorization: `Bearer ${token}` } : {}),
      },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response.json();
  }

  async get(path: string): Promise<unknown> {
    return (await fetch(this.api + path)).json();
  }

  /** Writes into its Postgres what would take too long to happen. */
  async sql(statement: string): Promise<void> {
    const socket = join(this.home, "data", "postgres-run");
    const args = ["-h", socket, "-U", "postgres", "-v", "ON_ERROR_STOP=1", "-c", statement];
    await promisify(execFile)("psql", [...args, "optio"]);
  }

  /** Waits for something that takes its time. */
  async until(check: () => Promise<boolean>, what: string, ms = START_MS_MAX): Promise<void> {
    const end = Date.now() + ms;
    while (Date.now() < end) {
      if (await check().catch(() => false)) return;
      if (this.server?.exitCode) break;
      await new Promise((next) => setTimeout(next, 250));
    }
    throw new Error(`it never came that ${what}:\n${this.log.slice(-40).join("")}`);
  }

  async end(): Promise<void> {
    await this.stopServer();
    for (const process of this.processes) await stop(process, "SIGTERM");
    await rm(this.home, { recursive: true, force: true });
  }

  private async startModel(): Promise<void> {
    const port = await freePort();
    this.run([
      "simulate",
      "model",
      "--scenario",
      join(HERE, "scenario.toml"),
      "--listen",
      `127.0.0.1:${port}`,
    ]);
    this.env["ANTHROPIC_BASE_URL"] = `http://127.0.0.1:${port}`;
    this.env["ANTHROPIC_API_KEY"] = "none";
  }

  private run(args: string[]): ChildProcess {
    // Nothing of whoever runs the tests decides what they see.
    const env = { PATH: process.env["PATH"] ?? "", HOME: this.home, NO_COLOR: "1", ...this.env };
    const child = spawn(OPTIO, args, { env, stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on("data", (piece: Buffer) => this.log.push(piece.toString()));
    }
    this.processes.push(child);
    return child;
  }
}

async function stop(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  child.kill(signal);
  const late = setTimeout(() => child.kill("SIGKILL"), STOP_MS_MAX);
  await gone;
  clearTimeout(late);
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() =>
        typeof address === "object" && address
          ? resolve(address.port)
          : reject(new Error("no port")),
      );
    });
  });
}
