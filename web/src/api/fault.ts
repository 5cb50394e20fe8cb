/** Why a request was refused, as the server's catalogue tells it (RFC 9457), or why it got no answer. */
export class ApiFault extends Error {
  readonly status: number;
  /** The catalogue's slug, such as `container-not-found`; `unreachable` when there was no answer. */
  readonly code: string;
  readonly requestId: string;
  /** Whether the same request may succeed later, and after how many seconds. */
  readonly retryable: boolean;
  readonly retryAfter: number | undefined;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(told: {
    status: number;
    code: string;
    message: string;
    requestId?: string;
    retryable?: boolean;
    retryAfter?: number | undefined;
    details?: Readonly<Record<string, unknown>>;
  }) {
    super(told.message);
    this.name = "ApiFault";
    this.status = told.status;
    this.code = told.code;
    this.requestId = told.requestId ?? "";
    this.retryable = told.retryable ?? false;
    this.retryAfter = told.retryAfter;
    this.details = told.details ?? {};
  }

  /** What is wrong with which field, by the field's dotted name. */
  get fieldErrors(): ReadonlyMap<string, string> {
    const found = this.details.field_errors;
    if (!isRecord(found)) return new Map();
    return new Map(Object.entries(found).map(([field, said]) => [field, String(said)]));
  }
}

export const UNREACHABLE = "unreachable";
export const NOT_OURS = "unexpected-answer";

/** The fault that an answer tells, whatever its body is: also a proxy's page of HTML. */
export async function faultOf(response: Response): Promise<ApiFault> {
  const headers = response.headers;
  const retryAfter = seconds(headers.get("Retry-After"));
  const body: unknown = await response.json().catch(() => undefined);
  const told = isRecord(body) ? body : {};
  return new ApiFault({
    status: response.status,
    code: headers.get("X-Error-Code") ?? text(told.code) ?? NOT_OURS,
    message: text(told.detail) ?? text(told.title) ?? `HTTP ${response.status}`,
    requestId: headers.get("X-Request-ID") ?? "",
    retryable: told.retryable === true || response.status === 429 || response.status >= 502,
    retryAfter,
    details: isRecord(told.details) ? told.details : {},
  });
}

export function asFault(error: unknown): ApiFault {
  if (error instanceof ApiFault) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new ApiFault({ status: 0, code: UNREACHABLE, message, retryable: true });
}

function seconds(header: string | null): number | undefined {
  const value = Number.parseInt(header ?? "", 10);
  return Number.isFinite(value) && value >= 0 ? value : undefined;
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value ? value : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
