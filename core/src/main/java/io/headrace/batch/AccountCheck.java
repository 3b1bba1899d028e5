package io.headrace.batch;

import io.headrace.ApiException;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/**
 * Tells in which account a batch is asked for, and whether the one that is asked later is the same. What decides is the batch that was the
 * newest when the submission was intended: whoever does not know it does not see that account. Where there was none, the names decide, and
 * whether there are batches that are older than the submission. Thread-safe.
 */
final class AccountCheck {

    /** No clock is wrong by more. */
    private static final Duration WRONG_CLOCK = Duration.ofDays(1);

    /** A server that keeps no list. */
    private static final int NOT_IMPLEMENTED = 501;

    private final QueueSettings settings;

    AccountCheck(QueueSettings settings) {
        this.settings = settings;
    }

    /**
     * The account that is asked now; empty where the provider will not say. An error that may pass, or is of the
     * account itself, comes through.
     */
    static Mono<Optional<BatchAccount>> of(BatchApi<?, ?> api) {
        return Mono.defer(api::account)
                .map(Optional::of)
                .defaultIfEmpty(Optional.empty())
                .onErrorResume(
                        ApiException.class,
                        error -> (error.isTransient() && error.status().orElse(0) != NOT_IMPLEMENTED)
                                        || Judge.stopsWork(error)
                                ? Mono.error(error)
                                : Mono.just(Optional.empty()));
    }

    /** What the account that is asked now is called, for a message; empty if that cannot be told. */
    static Mono<String> name(BatchApi<?, ?> api) {
        return of(api).map(AccountCheck::name).onErrorReturn("");
    }

    private static String name(Optional<BatchAccount> account) {
        return account.map(BatchAccount::name).orElse("");
    }

    /**
     * Completes if a batch of the pack that nobody can find would have to be there. An error of kind {@link ErrorKind#NOT_FOUND} says that
     * another account was asked.
     */
    Mono<Void> requireSame(Pack pack, BatchApi<?, ?> api) {
        BatchAccount then = pack.account;
        Instant intended = Objects.requireNonNull(pack.intendedAt, "intendedAt");
        if (then == null || !settings.clock().instant().isBefore(intended.plus(api.retention()))) {
            return Mono.empty();
        }
        return then.newest().isEmpty() ? requireNew(pack, then, intended, api) : requireNewest(pack, then, api);
    }

    private static Mono<Void> requireNewest(Pack pack, BatchAccount then, BatchApi<?, ?> api) {
        return Mono.defer(() -> api.job(then.newest()))
                .then()
                .onErrorResume(
                        ErrorKind.NOT_FOUND::isKindOf,
                        unknown -> name(api)
                                .flatMap(now -> Mono.error(another(
                                        pack, api, now, "batch " + then.newest() + ", which is there, is not known"))));
    }

    private Mono<Void> requireNew(Pack pack, BatchAccount then, Instant intended, BatchApi<?, ?> api) {
        Instant before = intended.minus(WRONG_CLOCK);
        return of(api).map(AccountCheck::name) // an error that may pass decides nothing
                .flatMap(now -> !then.name().isEmpty() && !now.isEmpty() && !now.equals(then.name())
                        ? Mono.error(another(pack, api, now, ""))
                        : api.jobs(Instant.EPOCH)
                                .filter(job -> job.createdAt().isBefore(before))
                                .next()
                                .flatMap(job -> Mono.error(another(
                                        pack,
                                        api,
                                        now,
                                        "there were no batches, and batch " + job.id() + " is older than that"))));
    }

    private static ApiException another(Pack pack, BatchApi<?, ?> api, String now, String evidence) {
        Instant intended = Objects.requireNonNull(pack.intendedAt, "intendedAt");
        return ApiException.builder(
                        ErrorKind.NOT_FOUND,
                        "whether the batch of " + pack.requests + " requests that was asked for at " + intended
                                + " was made is not known, and " + api.identity()
                                + " was asked with the key of another account" + names(pack.account, now)
                                + (evidence.isEmpty() ? "" : ": " + evidence)
                                + "; use the key and the base URL of the run that asked for it, or another directory for a"
                                + " run without it; after " + intended.plus(api.retention()) + " it is surely over")
                .delivery(Delivery.REFUSED)
                .build();
    }

    /** What is known of two accounts, in brackets; empty if it is nothing. */
    static String names(@Nullable BatchAccount then, String now) {
        String before = then == null ? "" : then.name();
        if (before.isEmpty()) {
            return now.isEmpty() ? "" : " (now it is " + now + ")";
        }
        if (now.equals(before)) {
            return " (" + now + ", as then: perhaps another project or workspace of it)";
        }
        return now.isEmpty() ? " (then it was " + before + ")" : " (then it was " + before + ", now it is " + now + ")";
    }
}
