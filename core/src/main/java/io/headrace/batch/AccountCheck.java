package io.headrace.batch;

import io.headrace.ApiException;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
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

    /** What a server says that keeps no list. */
    private static final Set<Integer> NO_LIST = Set.of(404, 405, 501);

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
                        error -> (error.isTransient() && !keepsNoList(error)) || Judge.stopsWork(error)
                                ? Mono.error(error)
                                : Mono.just(Optional.empty()));
    }

    /** Whether the server that said so to the question for its batches has no list of them. */
    static boolean keepsNoList(ApiException error) {
        return NO_LIST.contains(error.status().orElse(0));
    }

    /** Whether nothing is left of a batch of the pack, if there was one. */
    boolean isOver(Pack pack, BatchApi<?, ?> api) {
        Instant intended = Objects.requireNonNull(pack.intendedAt, "intendedAt");
        return !settings.clock().instant().isBefore(intended.plus(settings.retention(api)));
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
        if (then == null || isOver(pack, api)) {
            return Mono.empty();
        }
        return then.newest().isEmpty() ? requireNew(pack, then, intended, api) : requireNewest(pack, then, api);
    }

    private Mono<Void> requireNewest(Pack pack, BatchAccount then, BatchApi<?, ?> api) {
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
                                .filter(job -> job.isOlderThan(before))
                                .next()
                                .flatMap(job -> Mono.error(another(
                                        pack,
                                        api,
                                        now,
                                        "there were no batches, and batch " + job.id() + " is older than that"))));
    }

    private ApiException another(Pack pack, BatchApi<?, ?> api, String now, String evidence) {
        return notKnown(
                pack,
                api,
                " was asked with the key of another account" + names(pack.account, now)
                        + (evidence.isEmpty() ? "" : ": " + evidence)
                        + "; use the key and the base URL of the run that asked for it");
    }

    /** The server has no list, so that nobody can look there for the batch of the pack. */
    ApiException noList(Pack pack, BatchApi<?, ?> api, ApiException error) {
        return notKnown(
                pack,
                api,
                " keeps no list of batches (" + error.getMessage()
                        + "); if that is not so, use the base URL of the run that asked for it");
    }

    private ApiException notKnown(Pack pack, BatchApi<?, ?> api, String why) {
        Instant intended = Objects.requireNonNull(pack.intendedAt, "intendedAt");
        return ApiException.builder(
                        ErrorKind.NOT_FOUND,
                        "whether the batch of " + pack.requests + " requests that was asked for at " + intended
                                + " was made is not known, and " + api.identity() + why
                                + ", or another directory for a run without it; after "
                                + intended.plus(settings.retention(api)) + " it is surely over")
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
