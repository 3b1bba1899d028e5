package io.headrace.model;

/** Why a model stopped. */
public enum FinishReason {
    /** It had said what it wanted, or met a stop sequence. */
    STOP,
    /** It met the limit on output tokens: the answer is cut, legitimately. */
    LENGTH,
    /** It wants a tool called. */
    TOOL_CALLS,
    /** A filter took the answer away, wholly or partly. */
    CONTENT_FILTER,
    /** The model declined. */
    REFUSAL,
    /** A reason that this version does not know, or none was given. */
    OTHER
}
