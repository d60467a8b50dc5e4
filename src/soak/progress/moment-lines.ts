import { digits, clockTime } from '../quantity.ts';
import type { FaultUnderWay, Moment } from './moment.ts';

export interface Look {
  /** Of the terminal; no line is longer. */
  readonly columns: number;
  readonly isColoured: boolean;
}

/** Messages a second, since the moment before. */
export interface Rates {
  readonly promised: number;
  readonly delivered: number;
}

const mostFaults = 4;

/** A few lines for people: where the run is, how the agents are, what becomes of messages, what is wrong. */
export function momentLines(moment: Moment, rates: Rates, { columns, isColoured }: Look): string[] {
  const { faults } = moment;
  const more = faults.length - mostFaults;
  const lines = [
    timeLine(moment),
    agentsLine(moment),
    messagesLine(moment, rates),
    ...faults.slice(0, mostFaults).map(faultLine),
    ...(more > 0 ? [[plain(`        and ${more} more`)]] : []),
  ];
  return lines.map((pieces) => fitted(pieces, columns, isColoured));
}

/** A run of characters of one colour. */
interface Piece {
  readonly text: string;
  readonly colour?: number;
}

const green = 32;
const yellow = 33;
const red = 31;
const blue = 34;
const dim = 90;

const colours: Readonly<Record<string, number>> = {
  connected: green,
  connecting: blue,
  provisioning: blue,
  starting: blue,
  waiting: yellow,
  gone: red,
  unseen: dim,
};
const order = Object.keys(colours);

function timeLine({ elapsedMs, phase, phaseLeftMs, leftMs }: Moment): Piece[] {
  const left = [
    ...(phaseLeftMs === undefined ? [] : [`${clockTime(phaseLeftMs)} left of it`]),
    ...(leftMs === undefined || leftMs === phaseLeftMs ? [] : [`${clockTime(leftMs)} of all`]),
  ];
  return [
    { text: `${clockTime(elapsedMs)}  `, colour: dim },
    plain(phase),
    ...(left.length === 0 ? [] : [{ text: `, ${left.join(', ')}`, colour: dim }]),
  ];
}

/** Connected ones first; then those on their way to be. */
function agentsLine({ agents }: Moment): Piece[] {
  const rank = (state: string): number => (order.indexOf(state) + order.length + 1) % (order.length + 1);
  const states = Object.entries(agents).sort(([one], [other]) => rank(one) - rank(other));
  return [
    { text: 'agents  ', colour: dim },
    ...states.flatMap(([state, count], index) => [
      plain(index === 0 ? '' : ', '),
      coloured(`${count} ${state}`, colours[state]),
    ]),
  ];
}

function messagesLine({ promised, delivered, outstanding, duplicates }: Moment, rates: Rates): Piece[] {
  return [
    { text: 'msgs    ', colour: dim },
    plain(`${digits(delivered)} of ${digits(promised)} delivered`),
    coloured(`, ${digits(outstanding)} in flight`, outstanding > 0 ? yellow : undefined),
    plain(`, ${digits(Math.round(rates.delivered))}/s of ${digits(Math.round(rates.promised))}/s`),
    { text: `, ${digits(duplicates)} again`, colour: dim },
  ];
}

function faultLine({ kind, description, agents, leftMs }: FaultUnderWay): Piece[] {
  const left = leftMs === 0 ? 'being put right' : `${clockTime(leftMs + 999)} left`;
  return [
    { text: 'fault   ', colour: dim },
    { text: kind, colour: red },
    plain(`, ${agents} ${agents === 1 ? 'agent' : 'agents'}, ${left}`),
    { text: `: ${description}`, colour: dim },
  ];
}

function plain(text: string): Piece {
  return { text };
}

function coloured(text: string, colour: number | undefined): Piece {
  return colour === undefined ? { text } : { text, colour };
}

/** Cut where the terminal would wrap it, or the next picture would not be drawn over this one. */
function fitted(pieces: readonly Piece[], columns: number, isColoured: boolean): string {
  let left = Math.max(1, columns - 1);
  return pieces
    .map(({ text, colour }) => {
      const kept = withoutControls(text).slice(0, left);
      left -= kept.length;
      return isColoured && colour !== undefined && kept !== '' ? `\u001B[${colour}m${kept}\u001B[0m` : kept;
    })
    .join('');
}

/** A scenario may be anybody's: its names do not steer the terminal. */
function withoutControls(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, '?');
}
