package io.headrace.batch;

import static io.headrace.batch.Simulation.requests;
import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.ApiException;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.headrace.batch.BatchStatus.State;
import io.headrace.batch.ModelProvider.Faults;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Mono;

/** Submissions in doubt that are looked for with another account's key, and by clocks that differ. */
class AnotherAccountTest {

    @TempDir(factory = QuickDirectory.class)
    Path root;

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void doubtAtAnotherAccount_isKeptAndNothingIsSubmitted(boolean keepsTags) {
        Simulation simulation = inDoubt(keepsTags, "");
        int made = simulation.provider.made.size();
        simulation.hideAll();
        simulation.requests.add("new");
        simulation.later(Duration.ofHours(3));

        for (int i = 0; i < 3; i++) {
            assertThat(simulation.round()).contains("another account", "which is there", "http://scripted");
            simulation.later(Duration.ofHours(1));
        }
        assertThat(simulation.rounds()).contains("another account", "the key and the base URL");
        assertThat(simulation.provider.made).hasSize(made);
        assertThat(simulation.states()).contains(State.IN_DOUBT);

        simulation.provider.hidden.clear();
        simulation.start(0);
        assertThat(simulation.rounds()).isEqualTo("done");
        simulation.checkAllIsDone();
        assertThat(simulation.answers).hasSize(7);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void firstBatchOfAnAccount_isToldFromAnotherByTheirNames(boolean keepsTags) {
        Simulation simulation = firstInDoubt(keepsTags, "org-a");
        simulation.hideAll();
        simulation.provider.account = "org-b";
        simulation.later(Duration.ofHours(3));
        assertThat(simulation.round()).contains("then it was org-a, now it is org-b");
        assertThat(simulation.rounds()).contains("then it was org-a, now it is org-b");
        assertThat(simulation.cancel()).contains("then it was org-a, now it is org-b");

        simulation.provider.account = "org-a";
        simulation.provider.hidden.clear();
        simulation.start(0);
        assertThat(simulation.rounds()).isEqualTo("done");
        simulation.checkNothingTwice();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void firstBatchOfAnAccount_isToldFromAnotherByOlderBatches(boolean keepsTags) {
        Simulation simulation = firstInDoubt(keepsTags, "");
        simulation.hideAll();
        ModelProvider.Made old = new ModelProvider.Made();
        old.id = "batch_old";
        old.lines = List.of("a b");
        old.createdAt = Simulation.START.minus(Duration.ofDays(9));
        simulation.provider.made.add(old);
        simulation.later(Duration.ofHours(3));
        assertThat(simulation.rounds()).contains("another account", "batch_old is older");

        simulation.provider.made.remove(old);
        simulation.provider.hidden.clear();
        simulation.start(0);
        assertThat(simulation.rounds()).isEqualTo("done");
        simulation.checkAllIsDone();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void accountThatChangedItsName_isTheSame(boolean keepsTags) {
        Simulation simulation = inDoubt(keepsTags, "old-name");
        simulation.provider.account = "new-name";
        simulation.later(Duration.ofHours(3));
        assertThat(simulation.rounds()).isEqualTo("done");
        simulation.checkAllIsDone();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void submissionThatIsSurelyOver_isMadeAnewWhereverItWas(boolean keepsTags) {
        Simulation simulation = inDoubt(keepsTags, "");
        simulation.hideAll();
        simulation.later(Duration.ofDays(32));
        assertThat(simulation.rounds()).isEqualTo("done");
        assertThat(simulation.answers).hasSize(6);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void accountThatIsNotTold_isNoHindrance(boolean keepsTags) {
        Simulation simulation = new Simulation(root, keepsTags, 3, requests(3));
        simulation.provider.account = null; // as of a server without lists, or in a journal of an earlier version
        simulation.provider.faults.lostAnswers = 100;
        simulation.start(0);
        simulation.round();
        assertThat(simulation.states()).containsExactly(State.IN_DOUBT);
        simulation.provider.faults.lostAnswers = 0;
        simulation.later(Duration.ofHours(3));
        assertThat(simulation.rounds()).isEqualTo("done");
        simulation.checkAllIsDone();
    }

    @ParameterizedTest
    @CsvSource({"404,NOT_FOUND", "405,INVALID_REQUEST", "501,SERVER_ERROR"})
    void serverWithoutAList_isSaidAtOnceAndNothingIsSubmittedAgain(int status, ErrorKind kind) {
        for (boolean keepsTags : List.of(true, false)) {
            Simulation simulation = new Simulation(root.resolve(keepsTags + ""), keepsTags, 3, requests(3));
            simulation.provider.noList = ApiException.builder(kind, "no such thing here")
                    .status(status)
                    .delivery(Delivery.REFUSED)
                    .build();
            simulation.provider.faults.lostAnswers = 100;
            simulation.start(0);
            simulation.round();
            simulation.provider.faults.lostAnswers = 0;
            assertThat(simulation.states()).containsExactly(State.IN_DOUBT);
            int made = simulation.provider.made.size();
            for (int i = 0; i < 3; i++) {
                simulation.later(Duration.ofHours(3));
                assertThat(simulation.round())
                        .contains("asked for at", "is not known", "keeps no list of batches (no such thing here)")
                        .contains("another directory", "surely over");
            }
            assertThat(simulation.provider.made).hasSize(made);
            simulation.later(Duration.ofDays(32));
            assertThat(simulation.rounds()).isEqualTo("done");
            assertThat(simulation.answers).hasSize(3);
        }
    }

    @Test
    void unknownBatch_namesBothAccounts() {
        Simulation simulation = new Simulation(root, true, 3, requests(3));
        simulation.provider.account = "org-a";
        simulation.start(0);
        simulation.round();
        simulation.hideAll();
        simulation.provider.account = "org-b";
        simulation.later(Duration.ofHours(3));
        assertThat(simulation.round()).contains("is not known to the account", "then it was org-a, now it is org-b");
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void deathAtEveryStepThenAnotherAccount_submitsNothingTwice(boolean keepsTags) {
        for (long step = 1; ; step++) {
            Simulation simulation = new Simulation(root.resolve("s" + step), keepsTags, step, requests(7));
            simulation.provider.account = "org-a";
            simulation.provider.work = Duration.ofMinutes(10);
            simulation.start(step);
            simulation.round();
            if (!simulation.isDead()) {
                assertThat(step).isGreaterThan(30);
                return;
            }
            simulation.hideAll();
            simulation.provider.account = "org-b";
            simulation.later(Duration.ofHours(1));
            simulation.round();
            simulation.later(Duration.ofHours(1));
            simulation.rounds();

            simulation.provider.account = "org-a";
            simulation.provider.hidden.clear(); // what was begun in the other account is found as well
            simulation.later(Duration.ofHours(1));
            assertThat(simulation.rounds()).as("step " + step).isEqualTo("done");
            simulation.checkAllIsDone();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void nameThatCannotBeAskedNow_decidesNothing(boolean keepsTags) {
        Simulation simulation = firstInDoubt(keepsTags, "org-a");
        int made = simulation.provider.made.size();
        simulation.hideAll();
        simulation.provider.account = "org-b";
        simulation.later(Duration.ofHours(3));
        ModelProvider.Api model = (ModelProvider.Api) simulation.lane().api();
        ForwardingApi silent = new ForwardingApi(model) {

            @Override
            public Mono<BatchAccount> account() {
                return Mono.error(
                        ApiException.builder(ErrorKind.TRANSPORT, "no answer").build());
            }
        };
        simulation.queue().serve(new MapLane(silent, simulation.answers));
        simulation.round();
        simulation.time.advanceTimeBy(Duration.ofHours(1));
        simulation.round();
        assertThat(simulation.provider.made).hasSize(made);
        assertThat(simulation.states()).containsExactly(State.IN_DOUBT);
    }

    @Test
    void deathsFaultsAndAccountsAtRandom_submitNothingTwice() {
        for (int seed = 1000; seed < 1100; seed++) {
            Random random = new Random(seed);
            Simulation simulation = new Simulation(root.resolve("r" + seed), random.nextBoolean(), seed, requests(13));
            simulation.provider.faults = Faults.mixed(random);
            simulation.ahead = Duration.ofMinutes(random.nextInt(600) - 300);
            List<Set<String>> seen = List.of(new HashSet<>(), new HashSet<>());
            for (int deaths = random.nextInt(10); deaths >= 0; deaths--) {
                asOneOf(simulation, random.nextInt(2), seen, 40 + random.nextInt(400), random.nextInt(600));
            }
            simulation.provider.faults = Faults.none();
            String end = "";
            for (int turn = 0; turn < 40 && !end.equals("done"); turn++) {
                end = asOneOf(simulation, turn % 2, seen, 0, 3 * 24 * 60);
            }
            assertThat(end).as("seed " + seed).isEqualTo("done");
            simulation.checkNothingTwice();
            assertThat(simulation.ends.keySet()).containsExactlyInAnyOrderElementsOf(simulation.requests);
        }
    }

    /** A process with the key of one of two accounts. */
    private static String asOneOf(
            Simulation simulation, int account, List<Set<String>> seen, long killedAt, int longestMinutes) {
        simulation.provider.account = "org-" + account;
        simulation.provider.hidden.clear();
        simulation.provider.hidden.addAll(seen.get(1 - account));
        Set<String> before = ids(simulation);
        simulation.start(killedAt);
        String end = simulation.run(simulation.queue().rounds(simulation.pass()), Duration.ofMinutes(longestMinutes));
        if (!simulation.isDead()) {
            simulation.queue().close();
        }
        Set<String> made = ids(simulation);
        made.removeAll(before);
        seen.get(account).addAll(made);
        return end;
    }

    private static Set<String> ids(Simulation simulation) {
        return simulation.provider.made.stream().map(batch -> batch.id).collect(Collectors.toSet());
    }

    @ParameterizedTest
    @ValueSource(strings = {"PT-23H", "PT-7M", "PT7M", "PT23H"})
    void clocksThatDiffer_hideNoBatch(Duration ahead) {
        dieAtEveryStepAndFindAll(simulation -> simulation.ahead = ahead);
    }

    @Test
    void timesThatAreNotTold_hideNoBatch() {
        dieAtEveryStepAndFindAll(simulation -> simulation.provider.tellsNoTimes = true);
    }

    private void dieAtEveryStepAndFindAll(Consumer<Simulation> oddity) {
        for (boolean keepsTags : List.of(true, false)) {
            for (long step = 1; ; step++) {
                Simulation simulation =
                        new Simulation(root.resolve(keepsTags + "" + step), keepsTags, step, requests(7));
                simulation.provider.work = Duration.ofMinutes(10);
                oddity.accept(simulation);
                simulation.start(step);
                simulation.round();
                if (!simulation.isDead()) {
                    break;
                }
                simulation.later(Duration.ofHours(1));
                assertThat(simulation.rounds()).as("step " + step).isEqualTo("done");
                simulation.checkAllIsDone();
            }
        }
    }

    @Test
    void batchOfAnUnknownTime_isNoEvidenceOfAnotherAccount() {
        Simulation simulation = firstInDoubt(true, "");
        simulation.provider.tellsNoTimes = true;
        simulation.later(Duration.ofHours(3));
        assertThat(simulation.rounds()).isEqualTo("done");
        simulation.checkAllIsDone();
    }

    @Test
    void intentOfAnEarlierVersion_isRead() {
        byte[] old = new RecordWriter(4).number(7).number(2).fixed64(1_000).bytes();
        assertThat(QueueRecord.read(new RecordReader(old)))
                .isEqualTo(new QueueRecord.Intended(7, 2, Instant.ofEpochSecond(1), null));
        Stream.of(
                        new QueueRecord.Intended(1, 1, Instant.EPOCH, null),
                        new QueueRecord.Intended(1, 1, Instant.EPOCH, BatchAccount.of("org", null)),
                        new QueueRecord.Intended(
                                1, 1, Instant.EPOCH, new BatchAccount("", "batch_1", Instant.ofEpochMilli(12345))))
                .forEach(record -> assertThat(
                                QueueRecord.read(new RecordReader(record.write().bytes())))
                        .isEqualTo(record));
    }

    /** A batch that is out, and one whose outcome is not known. */
    private Simulation inDoubt(boolean keepsTags, String account) {
        Simulation simulation = new Simulation(root, keepsTags, 3, requests(3));
        simulation.provider.account = account;
        simulation.start(0);
        assertThat(simulation.round()).isEqualTo("done");
        simulation.later(Duration.ofHours(3));
        assertThat(simulation.rounds()).isEqualTo("done"); // nothing that is out tells of the account
        simulation.requests.addAll(List.of("more 1", "more 2", "more 3"));
        simulation.provider.faults.lostAnswers = 100;
        simulation.round();
        simulation.provider.faults.lostAnswers = 0;
        assertThat(simulation.states()).contains(State.IN_DOUBT);
        return simulation;
    }

    private Simulation firstInDoubt(boolean keepsTags, String account) {
        Simulation simulation = new Simulation(root, keepsTags, 3, requests(3));
        simulation.provider.account = account;
        simulation.provider.faults.lostAnswers = 100;
        simulation.start(0);
        simulation.round();
        simulation.provider.faults.lostAnswers = 0;
        assertThat(simulation.states()).containsExactly(State.IN_DOUBT);
        return simulation;
    }
}
