package io.headrace.cli;

import io.headrace.ApiException;
import io.headrace.ErrorKind;
import io.headrace.observe.CallEvent;
import io.headrace.observe.CallListener;
import java.util.EnumSet;
import java.util.Set;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/**
 * The policy that a run stops when the provider turns down the account or the model and not one request, or when what is at
 * its address cannot be talked to: every further call would fail alike. Thread-safe.
 */
final class AccountGuard implements CallListener {

    private static final Set<ErrorKind> HOPELESS =
            EnumSet.of(ErrorKind.AUTHENTICATION, ErrorKind.QUOTA_EXHAUSTED, ErrorKind.NOT_FOUND, ErrorKind.TRANSPORT);

    private final Sinks.One<ApiException> refused = Sinks.one();

    @Override
    public void on(CallEvent event) {
        if (event instanceof CallEvent.CallEnded ended
                && ended.error() instanceof ApiException error
                && HOPELESS.contains(error.kind())
                && !error.isTransient()) {
            refused.tryEmitValue(error);
        }
    }

    /** The first such refusal, when it comes. */
    Mono<ApiException> refused() {
        return refused.asMono();
    }
}
