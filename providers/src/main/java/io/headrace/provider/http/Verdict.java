package io.headrace.provider.http;

import io.headrace.Delivery;
import io.headrace.ErrorKind;

/**
 * What an error answer means.
 *
 * @param kind the reason
 * @param delivery whether the work may have been done
 * @param isTransient whether the same request may succeed later
 * @param isFinal whether {@code isTransient} holds against the server's {@code x-should-retry}, because waiting cannot help
 */
public record Verdict(ErrorKind kind, Delivery delivery, boolean isTransient, boolean isFinal) {

    /** The server declined before doing the work; retrying as usual for the kind. */
    public static Verdict refused(ErrorKind kind) {
        return new Verdict(kind, Delivery.REFUSED, kind.isTransient(), false);
    }

    /** The server declined, and will again, whatever its headers say of retrying. */
    public static Verdict refusedForGood(ErrorKind kind) {
        return new Verdict(kind, Delivery.REFUSED, false, true);
    }

    /** The server may have done the work. */
    public static Verdict unknown(ErrorKind kind) {
        return new Verdict(kind, Delivery.UNKNOWN, kind.isTransient(), false);
    }

    /**
     * The meaning of a status, by the rules that the providers' own clients share: 408, 409, 429 and 5xx are worth another
     * attempt, nothing else is. Both providers bill answers only, so 500, 503 and 529 count as refused. 408, 502, 504 and the
     * other 5xx come from something between here and the model, which may still be at work: unknown.
     */
    public static Verdict ofStatus(int status) {
        return switch (status) {
            case 401, 403, 407 -> refused(ErrorKind.AUTHENTICATION);
            case 402 -> refusedForGood(ErrorKind.QUOTA_EXHAUSTED);
            case 404 -> refused(ErrorKind.NOT_FOUND);
            case 408, 504, 524 -> unknown(ErrorKind.TIMEOUT);
            case 409, 500 -> refused(ErrorKind.SERVER_ERROR);
            case 429 -> refused(ErrorKind.RATE_LIMITED);
            case 503, 529 -> refused(ErrorKind.OVERLOADED);
            default -> status >= 500 ? unknown(ErrorKind.SERVER_ERROR) : refused(ErrorKind.INVALID_REQUEST);
        };
    }
}
