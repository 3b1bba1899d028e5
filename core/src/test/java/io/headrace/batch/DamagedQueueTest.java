package io.headrace.batch;

import static io.headrace.batch.Simulation.requests;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.headrace.Cost;
import io.headrace.StorageException;
import io.headrace.batch.BatchStatus.State;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Files of a queue with flipped bits, cut, or gone, and a disk that is full: nothing is paid twice, and no answer is another one's. */
class DamagedQueueTest {

    @TempDir(factory = QuickDirectory.class)
    Path root;

    private final Random random = new Random(11);

    /** One pack is collected, one is out, one is full and waits, and one takes requests. */
    private Simulation begun(String name, boolean keepsTags) {
        Simulation simulation = new Simulation(root.resolve(name), keepsTags, 3, requests(4));
        simulation.limits = new BatchLimits(4, 1_000_000);
        simulation.start(0);
        simulation.round();
        simulation.time.advanceTimeBy(Duration.ofHours(3));
        simulation.queue().round(simulation.pass()).block();
        assertThat(simulation.answers).hasSize(4);
        simulation.requests.addAll(requests(8));
        simulation.requests.subList(0, 4).clear();
        simulation.round();
        simulation.requests.addAll(List.of("a", "b", "c", "d", "e"));
        simulation.pass().block();
        assertThat(simulation.queue().snapshot().block().batches())
                .extracting(BatchStatus::state)
                .containsExactly(State.COLLECTED, State.OUT, State.WAITING, State.FILLING);
        simulation.queue().close();
        return simulation;
    }

    @ParameterizedTest
    @CsvSource({
        "journal,1",
        "1.ends,1",
        "2.jsonl,5",
        "2.keys,5",
        "3.jsonl,2",
        "3.keys,5",
        "4.jsonl,5",
        "4.keys,5",
        "claims,9"
    })
    void flippedBit_isToldOrMendedAndNothingIsPaidTwice(String file, int step) throws IOException {
        long bytes = Math.min(600, Files.size(begun("size", true).directory().resolve(file)));
        for (int at = 0; at < bytes; at += step) {
            Simulation simulation = begun("flip" + at, at % 2 == 0);
            Path path = simulation.directory().resolve(file);
            byte[] content = Files.readAllBytes(path);
            content[at % content.length] ^= (byte) (1 << random.nextInt(8));
            Files.write(path, content);
            checkGoesOn(simulation, file + " at " + at);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"1.ends", "2.jsonl", "2.keys", "3.jsonl", "3.keys", "4.jsonl", "4.keys", "claims"})
    void cutFile_isToldOrMendedAndNothingIsPaidTwice(String file) throws IOException {
        long bytes = Math.min(600, Files.size(begun("size", true).directory().resolve(file)));
        for (int end = 0; end < bytes; end += 7) {
            Simulation simulation = begun("cut" + end, end % 2 == 0);
            Path path = simulation.directory().resolve(file);
            Files.write(path, Arrays.copyOf(Files.readAllBytes(path), end));
            checkGoesOn(simulation, file + " cut at " + end);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"journal", "1.ends", "2.jsonl", "2.keys", "3.jsonl", "3.keys", "4.jsonl", "4.keys", "claims"})
    void missingFile_isToldOrMendedAndNothingIsPaidTwice(String file) throws IOException {
        Simulation simulation = begun("gone", true);
        Files.delete(simulation.directory().resolve(file));
        checkGoesOn(simulation, file);
    }

    /** Either the queue says which file is damaged, also to those who only read, or all ends well. */
    private static void checkGoesOn(Simulation simulation, String what) {
        try {
            simulation.start(0);
        } catch (StorageException | IllegalStateException e) {
            assertThat(e).as(what).hasMessageContaining("another directory");
            return;
        }
        assertThat(simulation.rounds()).as(what).isEqualTo("done");
        simulation.checkNothingTwice();
        List<String> sent = simulation.provider.made.stream()
                .filter(ModelProvider.Made::worked)
                .flatMap(batch -> batch.lines.stream())
                .map(line -> line.substring(line.indexOf(' ') + 1))
                .toList();
        assertThat(sent).as(what).doesNotHaveDuplicates();
        assertThat(simulation.answers).as(what).hasSize(4 + 4 + 5);
        assertThat(simulation.queue().snapshot().block().isIdle()).isTrue();
    }

    /** Of eight answers of two packs, those of the first are claimed before the second is collected. */
    private Simulation claimed(String name, boolean keepsTags) {
        Simulation simulation = new Simulation(root.resolve(name), keepsTags, 3, requests(4));
        simulation.limits = new BatchLimits(4, 1_000_000);
        simulation.start(0);
        assertThat(simulation.rounds()).isEqualTo("done");
        simulation.requests.addAll(requests(8).subList(4, 8));
        assertThat(simulation.rounds()).isEqualTo("done");
        assertThat(simulation.claims).hasSize(8);
        simulation.queue().close();
        return simulation;
    }

    @Test
    void everyByteOfTheClaims_mayFlip() throws IOException {
        int[] flips = {0xFF, 1, 2, 0x80};
        for (int at = 0; at < 9 * 16; at++) {
            int flipped = flips[(at + at / 16) % flips.length];
            Simulation simulation = claimed("flip" + at, at % 2 == 0);
            Path path = simulation.directory().resolve("claims");
            byte[] content = Files.readAllBytes(path);
            content[at] ^= (byte) flipped;
            Files.write(path, content);
            checkClaims(simulation, "byte " + at + " by " + flipped, 1);
        }
    }

    @Test
    void claims_mayBeCutAnywhere() throws IOException {
        for (int end = 0; end <= 9 * 16; end += 5) {
            Simulation simulation = claimed("cut" + end, end % 2 == 0);
            Path path = simulation.directory().resolve("claims");
            Files.write(path, Arrays.copyOf(Files.readAllBytes(path), end));
            checkClaims(simulation, "cut at " + end, 8 - Math.min(8, end / 16));
        }
    }

    /** As the loss of power may leave them, which writes pages in any order. */
    @Test
    void claims_mayHaveHoles() throws IOException {
        for (int from = 0; from < 8; from++) {
            for (int to = from + 1; to <= 8; to++) {
                Simulation simulation = claimed("hole" + from + "-" + to, to % 2 == 0);
                Path path = simulation.directory().resolve("claims");
                byte[] content = Files.readAllBytes(path);
                Arrays.fill(content, from * 16, to * 16, (byte) 0);
                Files.write(path, content);
                checkClaims(simulation, "hole from " + from + " to " + to, 8 - from);
            }
        }
    }

    /** What was claimed may be claimed once more, in this process and no later one; nothing goes out, and nothing stays open. */
    private static void checkClaims(Simulation simulation, String what, int mostLost) {
        int batches = simulation.provider.made.size();
        Collections.reverse(simulation.requests); // so what is claimed anew was not bought in that order
        for (int process = 0; process < 3; process++) {
            simulation.start(0);
            assertThat(simulation.rounds()).as(what).isEqualTo("done");
            assertThat(simulation.provider.made).as(what).hasSize(batches);
            assertThat(simulation.answers).as(what).hasSize(8);
            assertThat(simulation.claims.values().stream()
                            .mapToInt(times -> times - 1)
                            .sum())
                    .as(what)
                    .isLessThanOrEqualTo(mostLost);
            assertThat(simulation.queue().outstanding()).as(what).isEqualTo(Cost.ZERO);
            assertThat(simulation.queue().snapshot().block().unclaimed())
                    .as(what)
                    .isZero();
            simulation.queue().close();
        }
    }

    @Test
    void damagedJournal_isToldToReadersToo() throws IOException {
        Simulation simulation = begun("read", true);
        Path journal = simulation.directory().resolve("journal");
        byte[] content = Files.readAllBytes(journal);
        content[40] ^= 1;
        Files.write(journal, content);
        assertThatThrownBy(() -> BatchQueue.read(simulation.directory()))
                .isInstanceOf(StorageException.class)
                .hasMessageContaining("journal is damaged at byte")
                .hasMessageContaining("another directory");
    }

    @Test
    void endOfTheJournalThatIsTorn_isCutOff() throws IOException {
        Simulation simulation = begun("torn", true);
        Path journal = simulation.directory().resolve("journal");
        for (byte[] torn : List.of(new byte[] {0, 0, 0}, new byte[4096], new byte[] {0, 0, 0, 2, 9, 9, 9, 9, 1, 2})) {
            Files.write(journal, torn, StandardOpenOption.APPEND);
            checkGoesOn(simulation, torn.length + " bytes");
            simulation.queue().close();
        }
    }

    @Test
    void fullDisk_leavesNoPartOfARequest() throws IOException {
        for (int room = 0; room < 400; room += 3) {
            PackFiles files = new PackFiles(Files.createDirectories(root.resolve("full" + room)));
            FullDisk disk = new FullDisk();
            List<String> written = new ArrayList<>();
            try (PackWriter writer =
                    new PackWriter(disk.open(files.lines(1)), new RecordFile(disk.open(files.keys(1)), 0), 0)) {
                for (int i = 0; i < 6; i++) {
                    disk.room = i == 2 ? room : Long.MAX_VALUE; // full while the third is written, and free again
                    String line = "line " + "x".repeat(60 / (i + 1)) + i;
                    try {
                        writer.append(line.getBytes(UTF_8), ParkedRequest.of(Calls.of(line), 1));
                        written.add(line);
                    } catch (IOException e) {
                        assertThat(i).isEqualTo(2);
                    }
                }
            }
            assertThat(Files.readAllLines(files.lines(1))).isEqualTo(written);
            try (LineReader lines = LineReader.open(files.lines(1))) {
                long end = RecordFile.read(files.keys(1), (in, offset) -> lines.holds(ParkedRequest.read(in)));
                assertThat(end).isEqualTo(Files.size(files.keys(1)));
                assertThat(lines.next()).isNull();
            }
        }
    }

    /** Takes so many bytes more, and then no more, as a full disk does: what fits of a write is written. */
    private static final class FullDisk {

        private long room = Long.MAX_VALUE;

        FileChannel open(Path path) throws IOException {
            FileChannel file = FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            return new FileChannel() {

                @Override
                public int write(ByteBuffer source, long position) throws IOException {
                    if (room == 0) {
                        throw new IOException("No space left on device");
                    }
                    ByteBuffer fits = source.slice(source.position(), (int) Math.min(room, source.remaining()));
                    int written = file.write(fits, position);
                    source.position(source.position() + written);
                    room -= written;
                    return written;
                }

                @Override
                public FileChannel truncate(long size) throws IOException {
                    file.truncate(size);
                    return this;
                }

                @Override
                public void force(boolean metaData) throws IOException {
                    file.force(metaData);
                }

                @Override
                protected void implCloseChannel() throws IOException {
                    file.close();
                }

                @Override
                public int write(ByteBuffer source) {
                    throw new UnsupportedOperationException();
                }

                @Override
                public long write(ByteBuffer[] sources, int offset, int length) {
                    throw new UnsupportedOperationException();
                }

                @Override
                public int read(ByteBuffer target) {
                    throw new UnsupportedOperationException();
                }

                @Override
                public long read(ByteBuffer[] targets, int offset, int length) {
                    throw new UnsupportedOperationException();
                }

                @Override
                public int read(ByteBuffer target, long position) {
                    throw new UnsupportedOperationException();
                }

                @Override
                public long position() {
                    throw new UnsupportedOperationException();
                }

                @Override
                public FileChannel position(long newPosition) {
                    throw new UnsupportedOperationException();
                }

                @Override
                public long size() throws IOException {
                    return file.size();
                }

                @Override
                public long transferTo(long position, long count, WritableByteChannel target) {
                    throw new UnsupportedOperationException();
                }

                @Override
                public long transferFrom(ReadableByteChannel source, long position, long count) {
                    throw new UnsupportedOperationException();
                }

                @Override
                public MappedByteBuffer map(MapMode mode, long position, long size) {
                    throw new UnsupportedOperationException();
                }

                @Override
                public FileLock lock(long position, long size, boolean shared) {
                    throw new UnsupportedOperationException();
                }

                @Override
                public FileLock tryLock(long position, long size, boolean shared) {
                    throw new UnsupportedOperationException();
                }
            };
        }
    }
}
