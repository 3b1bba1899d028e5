package io.headrace.batch;

import io.headrace.ApiException;
import io.headrace.ErrorKind;
import io.headrace.batch.Pack.Phase;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The lanes and batches for which one subscriber does nothing more, and why. A batch that its provider does not know stops by itself
 * alone, and of a lane whose provider has known no other one nothing is submitted: it may be the wrong account. Belongs to the queue's file
 * thread.
 */
final class Stops {

    private static final Logger LOG = LoggerFactory.getLogger(Stops.class);

    private final Map<String, ApiException> errors = new LinkedHashMap<>();
    private final Map<Pack, ApiException> unknown = new LinkedHashMap<>();
    private final Set<Pack> left = new HashSet<>();
    private final Set<Pack> told = new HashSet<>();
    private final Set<String> known = new HashSet<>();
    private final Clock clock;
    private final Duration patience;
    private long heldBack;

    /**
     * @param patience for how long this subscriber asks again after a batch that is not known, which may be a server's passing mistake;
     *     zero for one who asks once
     */
    Stops(Clock clock, Duration patience) {
        this.clock = clock;
        this.patience = patience;
    }

    void stop(Pack pack, ApiException error) {
        if (ErrorKind.NOT_FOUND.isKindOf(error)) {
            Instant now = clock.instant();
            unknown.put(pack, error);
            if (pack.polls.silence(now).compareTo(patience) >= 0) {
                left.add(pack);
            } else if (told.add(pack)) { // nothing else says what is waited for
                LOG.warn("{}; it is asked after again until {}", error.getMessage(), now.plus(patience));
            }
        } else {
            errors.putIfAbsent(pack.lane, error);
        }
    }

    /** The pack was attended to, or need not be now. */
    void attended(Pack pack) {
        if (pack.isKnown) {
            known.add(pack.lane);
            if (!left.contains(pack)) {
                unknown.remove(pack);
            }
        }
    }

    /** Says what a cap holds back, when that changes. */
    void tell(@Nullable HeldBack held) {
        long requests = held == null ? 0 : held.requests();
        if (held != null && requests != heldBack) {
            LOG.warn("{}", held.message());
        }
        heldBack = requests;
    }

    boolean holds(Pack pack) {
        return errors.containsKey(pack.lane)
                || left.contains(pack)
                || ((pack.phase == Phase.FILLING || pack.phase == Phase.SEALED) && isStrange(pack.lane));
    }

    private boolean isStrange(String lane) {
        return !known.contains(lane) && unknown.keySet().stream().anyMatch(pack -> pack.lane.equals(lane));
    }

    /** The first error, with the others suppressed; null if nothing was stopped. */
    @Nullable
    ApiException error() {
        ApiException first = null;
        for (ApiException error : Stream.concat(errors.values().stream(), unknown.values().stream())
                .toList()) {
            if (first == null) {
                first = error;
            } else if (first != error) {
                first.addSuppressed(error);
            }
        }
        return first;
    }
}
