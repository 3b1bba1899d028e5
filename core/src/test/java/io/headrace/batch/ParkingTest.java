package io.headrace.batch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.headrace.Cost;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import reactor.core.scheduler.Schedulers;

class ParkingTest {

    private static final Duration SOON = Duration.ofSeconds(20);

    @TempDir
    Path directory;

    private final IdleBatchApi api = new IdleBatchApi();
    private final MapLane lane = new MapLane(api);
    private BatchQueue queue;

    @BeforeEach
    void open() {
        queue = BatchQueue.builder(directory)
                .deterministic(new SplittableRandom(1), Schedulers.immediate())
                .open();
        queue.serve(lane);
    }

    @AfterEach
    void close() {
        queue.close();
    }

    @Test
    void parkedCall_isWrittenOnceAndKnownAfterwards() throws IOException {
        assertThat(park("a")).isInstanceOf(Standing.Parked.class);
        assertThat(park("a")).isInstanceOf(Standing.Parked.class);
        assertThat(queue.park(lane, Calls.of("a", 1)).block(SOON)).isInstanceOf(Standing.Parked.class);

        close();
        open();

        assertThat(park("a")).isInstanceOf(Standing.Parked.class);
        assertThat(Files.readAllLines(directory.resolve("1.jsonl"))).hasSize(2);
        assertThat(queue.outstanding()).isEqualTo(Cost.of(BigDecimal.valueOf(2)));
    }

    @Test
    void groups_haveTheirOwnPacks() throws IOException {
        park("x: a");
        park("y: a");
        park("x: b");

        assertThat(Files.readAllLines(directory.resolve("1.jsonl"))).hasSize(2);
        assertThat(Files.readAllLines(directory.resolve("2.jsonl"))).hasSize(1);
    }

    @Test
    void fullPack_isFollowedByAnother() throws IOException {
        api.limits = new BatchLimits(3, 1_000_000);
        for (int i = 0; i < 7; i++) {
            park("r" + i);
        }
        assertThat(Files.readAllLines(directory.resolve("1.jsonl"))).hasSize(3);
        assertThat(Files.readAllLines(directory.resolve("3.jsonl"))).hasSize(1);
    }

    @Test
    void packsOfAProcessShortOfMemory_areSmallerUntilItSuffices() throws IOException {
        api.limits = new BatchLimits(4, 1_000_000);
        park("a");
        park("b");
        queue.packShare(0.5);
        for (int i = 0; i < 3; i++) {
            park("r" + i);
        }
        queue.packShare(0.01);
        park("c");
        queue.packShare(1);
        for (int i = 0; i < 4; i++) {
            park("s" + i);
        }
        List<Integer> sizes = new ArrayList<>();
        for (int pack = 1; pack <= 5; pack++) {
            sizes.add(Files.readAllLines(directory.resolve(pack + ".jsonl")).size());
        }
        assertThat(sizes).containsExactly(2, 2, 1, 4, 1);
        assertThatIllegalArgumentException().isThrownBy(() -> queue.packShare(0));
    }

    @Test
    void requestThatNoBatchHolds_failsAlone() {
        api.limits = new BatchLimits(3, 200);

        assertThat(failure("x".repeat(300)))
                .isEqualTo(ErrorKind.INVALID_REQUEST
                        + " the request cannot go into a batch: it has 357 bytes, and a batch" + " holds 200");
        assertThat(failure("impossible")).contains("stream: a batch has none");
        assertThat(park("small")).isInstanceOf(Standing.Parked.class);
        assertThat(queue.outstanding()).isEqualTo(Cost.of(BigDecimal.ONE));
    }

    @Test
    void tornEnds_areCutAtTheNextOpening() throws IOException {
        park("a");
        park("b");
        long whole = Files.size(directory.resolve("1.jsonl"));
        park("c");
        long withThird = Files.size(directory.resolve("1.jsonl"));
        close();
        for (String torn : new String[] {"1.jsonl", "1.keys", "journal"}) {
            try (RandomAccessFile file =
                    new RandomAccessFile(directory.resolve(torn).toFile(), "rw")) {
                if (torn.equals("journal")) {
                    file.seek(file.length());
                    file.write(new byte[] {0, 0, 0, 40, 1, 2, 3});
                } else {
                    file.setLength(file.length() - 1);
                }
            }
            open();
            long kept = torn.equals("journal") ? withThird : whole;
            assertThat(Files.size(directory.resolve("1.jsonl"))).as(torn).isEqualTo(kept);
            park("c");
            close();
        }
        open();
        assertThat(Files.readAllLines(directory.resolve("1.jsonl"))).hasSize(3);
    }

    @Test
    void directory_isLocked() {
        assertThatIllegalStateException()
                .isThrownBy(() -> BatchQueue.open(directory))
                .withMessageContaining("works in");
    }

    @Test
    void laneThatIsNotServed_isRefused() {
        BatchQueue other = BatchQueue.open(directory.resolve("other"));
        assertThatIllegalStateException()
                .isThrownBy(() -> other.park(lane, Calls.of("a")))
                .withMessageContaining("serve");
        other.close();
    }

    @Test
    void unknownAnswer_isNotClaimed() {
        park("a");
        assertThat(queue.claim(Calls.fingerprint("a"), 0, "")).isEqualTo(BatchQueue.Claim.NONE);
        assertThat(queue.claim(Calls.fingerprint("b"), 0, "")).isEqualTo(BatchQueue.Claim.NONE);
    }

    @Test
    void parkedCall_isKnown() {
        assertThat(queue.standing(Calls.fingerprint("a"), 0).block(SOON)).isNull();
        park("a");
        assertThat(queue.standing(Calls.fingerprint("a"), 0).block(SOON)).isEqualTo(new Standing.Parked());
        assertThat(queue.standing(Calls.fingerprint("a"), 1).block(SOON)).isNull();
    }

    private Standing park(String request) {
        return queue.park(lane, Calls.of(request)).block(SOON);
    }

    private String failure(String request) {
        Standing.Failed failed = (Standing.Failed) park(request);
        assertThat(failed.error().delivery()).isEqualTo(Delivery.NOT_SENT);
        assertThat(failed.error().isTransient()).isFalse();
        return failed.error().kind() + " " + failed.error().getMessage();
    }
}
