package io.headrace.admission;

import io.headrace.Codec;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps what was learned of quotas from one process to the next: a directory with one small JSON file for each quota. A file
 * is named by a hash of the gate's name and the key, so it tells neither, and is replaced as a whole.
 *
 * <p>It is a help and no more: a file that cannot be read counts as nothing learned, one that cannot be written is left as it
 * was, and both are logged. Blocks for a file of some hundred bytes: not for event loops. Thread-safe; of two processes that write
 * the same quota the later one wins.
 */
public final class LearnedStore {

    private static final Logger LOG = LoggerFactory.getLogger(LearnedStore.class);
    private static final Codec<Learned> JSON = Codec.json(Learned.class);

    private final Path directory;
    private final @Nullable ApiKey own;

    private LearnedStore(Path directory, @Nullable ApiKey own) {
        this.directory = directory;
        this.own = own;
    }

    /** A store in {@code directory}, which is made when first written to. */
    public static LearnedStore in(Path directory) {
        return new LearnedStore(Objects.requireNonNull(directory, "directory"), null);
    }

    /** The same store for gates without keys of their own, whose provider sends {@code key}: another account has other limits. */
    public LearnedStore providersKey(ApiKey key) {
        return new LearnedStore(directory, Objects.requireNonNull(key, "key"));
    }

    /**
     * What was learned of a quota, or {@link Learned#NOTHING}.
     *
     * @param gate the gate's name
     * @param key null for the provider's own
     */
    public Learned read(String gate, @Nullable ApiKey key) {
        Path file = file(gate, key);
        try {
            @Nullable Learned learned = JSON.decode(Files.readAllBytes(file)); // a file of the word null is JSON, too
            return learned == null ? Learned.NOTHING : learned;
        } catch (NoSuchFileException e) {
            return Learned.NOTHING;
        } catch (IOException | IllegalArgumentException e) {
            LOG.warn(
                    "what was learned of gate '{}' cannot be read and is learned anew: {} ({})",
                    gate,
                    file,
                    e.toString());
            return Learned.NOTHING;
        }
    }

    /** Replaces what is known of a quota; survives a kill at any moment. */
    public void write(String gate, @Nullable ApiKey key, Learned learned) {
        Path file = file(gate, key);
        Path next = null;
        try {
            Files.createDirectories(directory);
            next = Files.createTempFile(directory, "learned", ".tmp");
            Files.write(next, JSON.encode(learned));
            Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            LOG.warn("what was learned of gate '{}' cannot be written: {} ({})", gate, file, e.toString());
            discard(next);
        }
    }

    private static void discard(@Nullable Path file) {
        try {
            if (file != null) {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            LOG.debug("a temporary file stays: {}", file, e);
        }
    }

    private Path file(String gate, @Nullable ApiKey key) {
        MessageDigest sha;
        try {
            sha = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
        sha.update(gate.getBytes(StandardCharsets.UTF_8));
        sha.update((byte) 0);
        ApiKey used = key == null ? own : key;
        if (used != null) {
            sha.update(used.value().getBytes(StandardCharsets.UTF_8));
        }
        return directory.resolve(HexFormat.of().formatHex(sha.digest()) + ".json");
    }
}
