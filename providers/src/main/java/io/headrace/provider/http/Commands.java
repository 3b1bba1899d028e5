package io.headrace.provider.http;

import io.headrace.Delivery;
import io.headrace.ErrorKind;
import org.jspecify.annotations.Nullable;

/**
 * What errors mean for a request that changes something at the provider. A provider bills no answer that it could not give, so a
 * failed call may safely count as not done. A thing that a failed command was to make may be there all the same. So a failure of the
 * server, or of a gateway before it, has an unknown outcome here, unless the server says itself that it is too busy to begin.
 *
 * @param rules of the provider
 */
record Commands(ErrorRules rules) implements ErrorRules {

    @Override
    public Verdict judge(int status, ErrorBody body) {
        @Nullable Verdict judged = rules.judge(status, body);
        Verdict verdict = judged == null ? Verdict.ofStatus(status) : judged;
        boolean turnsAway =
                verdict.kind() == ErrorKind.OVERLOADED && !body.type().isEmpty();
        return status < 500 || turnsAway || verdict.delivery() != Delivery.REFUSED
                ? verdict
                : new Verdict(verdict.kind(), Delivery.UNKNOWN, verdict.isTransient(), verdict.isFinal());
    }

    @Override
    public String hint(int status, ErrorBody body) {
        return rules.hint(status, body);
    }
}
