import assert from 'node:assert/strict';
import { control } from './gateway.ts';
import type { Machine, Outcome } from './machine.ts';

const statusShown = 'systemctl show dps-agent -p ActiveState,NRestarts,StatusText';

/** Whoever sits at the machine as root: what is typed, and what comes of it, is on record. */
export class Operator {
  readonly machine: Machine;
  readonly #lines: string[] = [];

  constructor(machine: Machine) {
    this.machine = machine;
  }

  /** All that was typed, as Markdown. */
  get transcript(): string {
    return `${this.#lines.join('\n')}\n`;
  }

  title(text: string): void {
    console.log(`${new Date().toISOString().slice(11, 19)} ${text}`);
    this.say(`\n## ${text}\n`);
  }

  say(text: string): void {
    this.#lines.push(text);
  }

  types(line: string, end: 'succeeds' | 'fails' | 'may fail' = 'succeeds'): string {
    const outcome = this.machine.run(line);
    this.say(`\`\`\`console\n# ${line}\n${outcome.output}\n\`\`\``);
    if (end === 'succeeds') assert.equal(outcome.code, 0, `${line}\n${outcome.output}`);
    if (end === 'fails') assert.notEqual(outcome.code, 0, `${line}\n${outcome.output}`);
    return outcome.output;
  }

  /** Off the record. */
  runs(line: string): Outcome {
    return this.machine.run(line);
  }

  /** What it must see of the service, from `systemctl show`. */
  shown(property: string): string {
    return this.runs(`systemctl show -P ${property} dps-agent`).output;
  }

  async connected(): Promise<void> {
    await this.machine.until('the agent is connected', 30_000, () =>
      this.shown('StatusText').startsWith('connected to'),
    );
  }

  async logged(words: string): Promise<void> {
    await this.machine.until(`the log says "${words}"`, 20_000, () =>
      this.runs('journalctl -u dps-agent -o cat --no-pager').output.includes(words),
    );
  }

  /** With 78, and not started again. */
  async stopped(): Promise<void> {
    await this.machine.until('the service has failed', 20_000, () =>
      this.runs('systemctl is-active dps-agent').output.includes('failed'),
    );
    const shown = this.types('systemctl show dps-agent -p ActiveState,Result,ExecMainStatus,NRestarts');
    assert.match(shown, /ExecMainStatus=78/);
  }

  /** By systemd, once; and connected again. */
  async restarted(how: string): Promise<void> {
    const before = Number(this.shown('NRestarts'));
    this.types(how);
    await this.machine.until('it is started again', 40_000, () => Number(this.shown('NRestarts')) > before);
    await this.connected();
    assert.equal(Number(this.shown('NRestarts')), before + 1);
    this.types(statusShown);
  }

  async arriving(): Promise<void> {
    const count = (): number => Number(this.runs(`curl -s ${control}/simulator/messages | wc -l`).output);
    const before = count();
    await this.machine.until('telemetry arrives', 20_000, () => count() > before);
  }
}
