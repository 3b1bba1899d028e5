package io.headrace.batch;

import io.headrace.ApiException;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.headrace.ErrorText;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Puts requests into packs, within the limits of the provider and of the queue. Belongs to the queue's file thread, but for {@link #share}.
 */
final class Packer {

    private static final Logger LOG = LoggerFactory.getLogger(Packer.class);

    private final QueueDirectory directory;
    private final Standings standings;
    private final QueueSettings settings;
    private final Map<String, Size> sizes = new HashMap<>();
    private volatile double share = 1;

    Packer(QueueDirectory directory, QueueSettings settings) {
        this.directory = directory;
        this.standings = directory.standings();
        this.settings = settings;
    }

    /** How the call stands; one that is not known is put into a pack. */
    <Q, R> Standing park(Served<Q, R> lane, ParkedCall<Q> call) throws IOException {
        long key = RequestKey.of(call.fingerprint(), call.sample());
        Standing known = standing(key);
        return known == null ? put(lane, call, standings.batches(key)) : known;
    }

    /** How a call stands; null if nothing is known of it, or it is to be paid anew. */
    @Nullable
    Standing standing(long key) throws IOException {
        return switch (standings.state(key)) {
            case Standings.PARKED, Standings.AGAIN -> new Standing.Parked();
            case Standings.FAILED -> new Standing.Failed(directory.error(key));
            case Standings.ONLINE -> new Standing.Online();
            case Standings.BOUGHT -> {
                standings.missed(key); // it may have come in just after the cache was asked: the next pass will find it
                yield new Standing.Parked();
            }
            default -> null;
        };
    }

    /** Puts what a collected pack left without an end into packs that are yet to be submitted. Harmless if it was begun before. */
    void move(Pack from, Served<?, ?> lane) throws IOException {
        move(from, lane, Integer.MAX_VALUE);
    }

    /** The same with the {@code first} so many in packs of their own. */
    void move(Pack from, Served<?, ?> lane, int first) throws IOException {
        byte[] batches = directory.leftWithoutEnd(from);
        int[] moved = new int[1];
        Set<Pack> touched = new HashSet<>();
        try (LineReader lines = LineReader.open(lines(from))) {
            ParkedRequest.readAll(directory.files().keys(from.number), (request, at) -> {
                byte[] line = lines.next();
                if (at >= batches.length || batches[at] == 0 || standings.state(request.key()) != Standings.AGAIN) {
                    return;
                }
                if (line == null || PackWriter.crc(line) != request.crc()) {
                    LOG.warn("{} is damaged at line {}: it is asked for anew", lines(from), at + 1);
                    standings.forget(request.key());
                } else {
                    Pack to = move(
                            from,
                            at,
                            line,
                            request.afterBatches(batches[at] - 1),
                            lane.api().limits());
                    touched.add(to);
                    if (++moved[0] == first) {
                        directory.seal(to);
                    }
                }
            });
        }
        for (Pack pack : touched) {
            directory.sync(pack);
        }
        directory.forgetRequests(from);
    }

    /** The first requests of a pack. */
    record Part(int requests, BigDecimal usd) {

        static final Part NONE = new Part(0, BigDecimal.ZERO);
    }

    /** As many of the first requests of the pack as may cost no more than {@code usd} together. */
    Part within(BigDecimal usd, Pack pack) throws IOException {
        BigDecimal[] sum = {BigDecimal.ZERO};
        Part[] part = {Part.NONE};
        ParkedRequest.readAll(directory.files().keys(pack.number), (request, at) -> {
            sum[0] = sum[0].add(request.ceiling().usd());
            if (sum[0].compareTo(usd) <= 0) {
                part[0] = new Part(at + 1, sum[0]);
            }
        });
        return part[0];
    }

    private Path lines(Pack pack) {
        return directory.files().lines(pack.number);
    }

    /** Lets packs of that kind hold no more than half of what this one does, from now on and as long as this process lives. */
    void halve(Pack pack) {
        Size half = new Size((pack.counted + 1) / 2, (pack.bytes + 1) / 2, (pack.tokens + 1) / 2);
        sizes.merge(pack.kind(), half, Size::least);
    }

    /** Lets packs hold no more than that part of what they may, from the next request on. Called from any thread. */
    void share(double share) {
        this.share = share;
    }

    /** Whether it may take as many requests again as it has. */
    boolean isSmall(Pack pack, BatchLimits limits) {
        Size most = most(pack.kind(), limits);
        return pack.counted * 2 <= most.requests && pack.bytes * 2 <= most.bytes && pack.tokens * 2 <= most.tokens;
    }

    private Pack move(Pack from, int position, byte[] line, ParkedRequest request, BatchLimits limits)
            throws IOException {
        Pack to = filling(from.lane, from.group);
        if (!fits(to, limits, request, line.length + 1L)) {
            directory.seal(to);
            to = directory.open(from.lane, from.group);
        }
        String before = new CustomId(request.fingerprint(), request.sample(), from.tag, position).toString();
        directory.append(to, renamed(line, before, id(to, request)), request);
        return to;
    }

    private <Q, R> Standing put(Served<Q, R> lane, ParkedCall<Q> call, int batches) throws IOException {
        BatchApi<Q, R> api = lane.api();
        try {
            ParkedRequest request =
                    ParkedRequest.of(call, api.count(call.request())).afterBatches(batches);
            Pack pack = filling(lane.name(), api.group(call.request()));
            byte[] line = api.encode(id(pack, request), call.request());
            String problem = tooLarge(api.limits(), request, line.length + 1L);
            if (!problem.isEmpty()) {
                return failed(problem);
            }
            if (!fits(pack, api.limits(), request, line.length + 1L)) {
                directory.seal(pack);
                pack = directory.open(pack.lane, pack.group);
                line = api.encode(id(pack, request), call.request());
            }
            directory.append(pack, line, request);
            return new Standing.Parked();
        } catch (IllegalArgumentException e) {
            return failed(ErrorText.message(e));
        }
    }

    private Pack filling(String lane, String group) throws IOException {
        Pack pack = directory.filling(lane, group);
        return pack == null ? directory.open(lane, group) : pack;
    }

    /** Empty if some batch may hold the request. */
    private String tooLarge(BatchLimits limits, ParkedRequest request, long bytes) {
        if (bytes > limits.bytes()) {
            return "it has " + bytes + " bytes, and a batch holds " + limits.bytes();
        }
        if (request.count() > limits.requests()) {
            return "it counts as " + request.count() + " requests, and a batch holds " + limits.requests();
        }
        if (request.inputTokens() > settings.enqueuedTokens()) {
            return "it has about " + request.inputTokens() + " tokens, and " + settings.enqueuedTokens()
                    + " may be enqueued at a time";
        }
        return "";
    }

    private boolean fits(Pack pack, BatchLimits limits, ParkedRequest request, long bytes) {
        Size most = most(pack.kind(), limits);
        return pack.requests == 0
                || (pack.counted + request.count() <= most.requests
                        && pack.bytes + bytes <= most.bytes
                        && pack.tokens + request.inputTokens() <= most.tokens);
    }

    private Size most(String kind, BatchLimits limits) {
        Size stated = new Size(
                Math.min(Math.min(limits.requests(), settings.packRequests()), CustomId.POSITIONS),
                limits.bytes(),
                settings.enqueuedTokens());
        return stated.least(sizes.getOrDefault(kind, stated)).times(share);
    }

    private static String id(Pack pack, ParkedRequest request) {
        return new CustomId(request.fingerprint(), request.sample(), pack.tag, pack.requests).toString();
    }

    private static Standing failed(String problem) {
        return new Standing.Failed(
                ApiException.builder(ErrorKind.INVALID_REQUEST, "the request cannot go into a batch: " + problem)
                        .delivery(Delivery.NOT_SENT)
                        .build());
    }

    /** The line with the first {@code before} in it replaced. */
    private static byte[] renamed(byte[] line, String before, String after) throws IOException {
        byte[] old = before.getBytes(StandardCharsets.US_ASCII);
        for (int at = 0; at + old.length <= line.length; at++) {
            if (Arrays.equals(line, at, at + old.length, old, 0, old.length)) {
                byte[] id = after.getBytes(StandardCharsets.US_ASCII);
                byte[] made = new byte[line.length - old.length + id.length];
                System.arraycopy(line, 0, made, 0, at);
                System.arraycopy(id, 0, made, at, id.length);
                System.arraycopy(line, at + old.length, made, at + id.length, line.length - at - old.length);
                return made;
            }
        }
        throw new IOException("a parked line does not hold its custom id " + before);
    }

    /** The most that a pack holds. */
    private record Size(long requests, long bytes, long tokens) {

        Size times(double share) {
            return share == 1
                    ? this
                    : new Size((long) Math.max(1, requests * share), (long) (bytes * share), (long) (tokens * share));
        }

        Size least(Size other) {
            return new Size(
                    Math.min(requests, other.requests), Math.min(bytes, other.bytes), Math.min(tokens, other.tokens));
        }
    }
}
