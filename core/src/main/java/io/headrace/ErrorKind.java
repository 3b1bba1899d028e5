package io.headrace;

/**
 * Why a call or an item failed, in the words that retry policies, reports and dead letters share.
 *
 * <p>A kind says what happened; whether a retry may help is {@link #isTransient()}, a default that a provider's own word
 * ({@link ApiException#isTransient()}) overrides.
 */
public enum ErrorKind {
    /** A limit on requests or tokens per time was met; waiting helps. */
    RATE_LIMITED("rate-limited", true),
    /** Credit, spend limit or plan is used up; waiting does not help. */
    QUOTA_EXHAUSTED("quota-exhausted", false),
    /** The service as a whole is busy. */
    OVERLOADED("overloaded", true),
    /** The server failed while it worked on the request. */
    SERVER_ERROR("server-error", true),
    /** No answer within the time allowed. */
    TIMEOUT("timeout", true),
    /** The connection could not be made, or broke. */
    TRANSPORT("transport", true),
    /** The server understood the request and will never accept it as it is. */
    INVALID_REQUEST("invalid-request", false),
    /** The key is wrong, revoked or lacks a permission. */
    AUTHENTICATION("authentication", false),
    /** The model, the path or the id does not exist. */
    NOT_FOUND("not-found", false),
    /** The model, or a filter in front of it, declined to answer. */
    REFUSED("refused", false),
    /** The answer is not what the protocol promises: not JSON, cut, a field missing. */
    MALFORMED_RESPONSE("malformed-response", true),
    /** The answer is well-formed, and the caller's validator turned it down. */
    INVALID_ANSWER("invalid-answer", true),
    /** The run's cap on money or tokens does not allow the call. */
    BUDGET_EXHAUSTED("budget-exhausted", false),
    /** The circuit breaker of the endpoint is open. */
    CIRCUIT_OPEN("circuit-open", true),
    /** The provider has answered nothing for so long, or asks for so long a wait, that the gate gave up; nothing was sent. */
    UNAVAILABLE("unavailable", false),
    /** The answer is not stored, and the {@linkplain CachePolicy policy} allows none to be bought. */
    NOT_CACHED("not-cached", false),
    /** The answer shall come by a batch, the item is pending until then; or a dry run held the call back. */
    PARKED("parked", false),
    /** A row of the dataset cannot be read. */
    MALFORMED_ROW("malformed-row", false),
    /** A row of the dataset carries the id of an earlier row. */
    DUPLICATE_ID("duplicate-id", false),
    /** The function of a step failed by itself: a parse error, a bug. */
    STEP_FAILED("step-failed", false);

    private final String label;
    private final boolean isTransient;

    ErrorKind(String label, boolean isTransient) {
        this.label = label;
        this.isTransient = isTransient;
    }

    /** The kind in reports and files, such as {@code rate-limited}; stable across versions. */
    public String label() {
        return label;
    }

    /** Whether the same request may well succeed later. */
    public boolean isTransient() {
        return isTransient;
    }

    /** Whether {@code error} is an {@link ApiException} of this kind. */
    public boolean isKindOf(Throwable error) {
        return error instanceof ApiException failure && failure.kind() == this;
    }

    /**
     * The kind with that label.
     *
     * @throws IllegalArgumentException for an unknown label
     */
    public static ErrorKind ofLabel(String label) {
        for (ErrorKind kind : values()) {
            if (kind.label.equals(label)) {
                return kind;
            }
        }
        throw new IllegalArgumentException("unknown error kind: " + label);
    }
}
