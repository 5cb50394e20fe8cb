/** The frames of the subprotocol `eulermaker.terminal.v1`: one byte of kind, then what the kind needs. */
export const SUBPROTOCOL = "eulermaker.terminal.v1";

const OUTPUT = 1;
const INPUT = 2;
const ACK = 3;
const HEAD = 9;

export interface Output {
  /** How many bytes of output there have been, these included: what to acknowledge and to resume from. */
  readonly seq: bigint;
  readonly data: Uint8Array<ArrayBuffer>;
}

export type Notice =
  | { readonly type: "gap"; readonly from: number; readonly to: number }
  | { readonly type: "resize"; readonly data: { readonly cols: number; readonly rows: number } }
  | { readonly type: "exit"; readonly reason: string; readonly exit_code: number | null }
  | { readonly type: "pong" }
  | { readonly type: "error"; readonly error: { readonly message: string } };

export function output(frame: ArrayBuffer): Output | undefined {
  if (frame.byteLength < HEAD) return undefined;
  const view = new DataView(frame);
  if (view.getUint8(0) !== OUTPUT) return undefined;
  return { seq: view.getBigUint64(1), data: new Uint8Array(frame, HEAD) };
}

export function input(typed: string | Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = typeof typed === "string" ? new TextEncoder().encode(typed) : typed;
  const frame = new Uint8Array(1 + bytes.length);
  frame[0] = INPUT;
  frame.set(bytes, 1);
  return frame;
}

export function acknowledgement(seq: bigint): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(HEAD);
  const view = new DataView(frame.buffer);
  view.setUint8(0, ACK);
  view.setBigUint64(1, seq);
  return frame;
}

export function resize(cols: number, rows: number): string {
  return JSON.stringify({ type: "resize", data: { cols, rows } });
}
