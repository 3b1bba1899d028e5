package io.headrace.batch;

import io.headrace.ApiException;
import io.headrace.Cost;
import java.time.Instant;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The requests of one batch, and how far it is. Belongs to the queue's file thread. */
final class Pack {

    enum Phase {
        /** It takes requests. */
        FILLING,
        /** It waits for its turn. */
        SEALED,
        /** An attempt to submit it is on its way, or nobody knows how it ended. */
        INTENDED,
        /** The provider has it. */
        OUT
    }

    final int number;
    final String lane;
    final String group;
    final String tag;
    final Instant openedAt;

    /** While it takes requests. */
    @Nullable
    PackWriter writer;

    // what it holds
    int requests;
    long counted;
    long bytes;
    long tokens;
    Cost ceiling = Cost.ZERO;

    // what the journal says
    Phase phase = Phase.FILLING;
    int attempt;

    @Nullable
    Instant intendedAt;

    /** In which the last attempt was made. */
    @Nullable
    BatchAccount account;

    @Nullable
    Instant doubtedAt;

    String upload = "";
    boolean revoked;
    String id = "";

    @Nullable
    Instant submittedAt;

    Withdrawal withdrawal = Withdrawal.NONE;

    // what this process knows
    final Pace submissions = new Pace();
    final Pace polls = new Pace();
    final Set<String> strangers = new HashSet<>();
    BatchJob.Counts counts = BatchJob.Counts.NONE;
    boolean cancelAsked;
    /** Whether the provider knew the batch when it was last asked. */
    boolean isKnown;
    /** Whether it was told that the batch should have ended long ago. */
    boolean isOverdue;
    /** How often fewer results came than the provider counts. */
    int shortReadings;

    /** Why the last question brought nothing. */
    @Nullable
    ApiException trouble;

    int refusedAlone;
    int failures;

    /** Who works on it. */
    @Nullable
    Object holder;

    Pack(QueueRecord.Opened opened) {
        this.number = opened.pack();
        this.lane = opened.lane();
        this.group = opened.group();
        this.tag = opened.tag();
        this.openedAt = opened.time();
    }

    /** When something is to be done about it. */
    Pace pace() {
        return phase == Phase.SEALED ? submissions : polls;
    }

    /** What may stand in one batch with what. */
    String kind() {
        return kind(lane, group);
    }

    static String kind(String lane, String group) {
        return lane + '\n' + group;
    }

    /** Whether the provider has it, or may have it. */
    boolean isOut() {
        return phase == Phase.OUT || phase == Phase.INTENDED;
    }

    void count(ParkedRequest request, long lineBytes) {
        requests++;
        counted += request.count();
        bytes += lineBytes;
        tokens += request.inputTokens();
        ceiling = ceiling.plus(request.ceiling());
    }

    void apply(QueueRecord record) {
        if (record instanceof QueueRecord.Sealed) {
            phase = Phase.SEALED;
        } else if (record instanceof QueueRecord.Intended intended) {
            phase = Phase.INTENDED;
            attempt = intended.attempt();
            intendedAt = intended.time();
            account = intended.account();
            doubtedAt = null;
            upload = "";
            revoked = false;
        } else if (record instanceof QueueRecord.Uploaded uploaded) {
            upload = uploaded.handle();
        } else if (record instanceof QueueRecord.Doubted doubted) {
            doubtedAt = doubted.time();
        } else if (record instanceof QueueRecord.Revoked) {
            revoked = true;
        } else if (record instanceof QueueRecord.Submitted submitted) {
            phase = Phase.OUT;
            id = submitted.id();
            submittedAt = submitted.time();
        } else if (record instanceof QueueRecord.Returned) {
            phase = Phase.SEALED;
            id = "";
            submittedAt = null;
            counts = BatchJob.Counts.NONE;
        } else if (record instanceof QueueRecord.Withdrawn withdrawn) {
            withdrawal = withdrawn.why();
        }
    }
}
