package io.headrace.memory;

import io.headrace.memory.MemoryUse.Level;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The memory limit of the control groups that this process is in, of version 1 or 2; those of the groups round it hold too. Where
 * no such file can be read, as on other systems than Linux, there is no limit.
 *
 * <p>In use is what the kernel counts without file pages that it would drop before it kills ({@code inactive_file}): what tools for
 * containers call the working set. Sources: the kernel's {@code admin-guide/cgroup-v2.rst} and {@code cgroup-v1/memory.rst}.
 */
final class Cgroup {

    /** Version 1 says "no limit" by the largest number of pages; more than this is no machine's memory. */
    private static final long NO_LIMIT = 1L << 60;

    private final List<Group> groups;

    private Cgroup(List<Group> groups) {
        this.groups = groups;
    }

    /**
     * @param limits names of the files that hold a limit
     * @param inactive the line of {@code memory.stat} that counts file pages to be dropped
     */
    private record Group(Path folder, List<String> limits, String usage, String inactive) {}

    /**
     * The groups of this process.
     *
     * @param root of the file system
     */
    static Cgroup of(Path root) {
        List<Group> groups = new ArrayList<>();
        for (String line : lines(root.resolve("proc/self/cgroup"))) {
            String[] parts = line.split(":", 3); // number, controllers, path
            if (parts.length < 3) {
                continue;
            }
            Path mounts = root.resolve("sys/fs/cgroup");
            if (parts[1].isEmpty()) {
                // beside version 1 it is mounted one folder down
                Path mount = Files.exists(mounts.resolve("cgroup.controllers")) ? mounts : mounts.resolve("unified");
                addAll(
                        groups,
                        mount,
                        parts[2],
                        List.of("memory.max", "memory.high"),
                        "memory.current",
                        "inactive_file");
            } else if (List.of(parts[1].split(",")).contains("memory")) {
                addAll(
                        groups,
                        mounts.resolve("memory"),
                        parts[2],
                        List.of("memory.limit_in_bytes"),
                        "memory.usage_in_bytes",
                        "total_inactive_file");
            }
        }
        return new Cgroup(groups);
    }

    /**
     * The group and all above it. Inside a container the path may be that on the host, where only its end, or nothing but the mount
     * itself, exists.
     */
    private static void addAll(
            List<Group> groups, Path mount, String path, List<String> limits, String usage, String inactive) {
        Path folder = mount.resolve(path.replaceFirst("^/+", "")).normalize();
        while (folder != null && folder.startsWith(mount)) {
            if (Files.exists(folder.resolve(usage))) {
                groups.add(new Group(folder, limits, usage, inactive));
            }
            folder = folder.getParent();
        }
    }

    /** The group that is nearest to its limit. */
    Level read() {
        Level nearest = Level.UNLIMITED;
        for (Group group : groups) {
            Level level = read(group);
            if (!nearest.isLimited() || level.share() > nearest.share()) {
                nearest = level;
            }
        }
        return nearest;
    }

    private static Level read(Group group) {
        long limit = NO_LIMIT;
        for (String name : group.limits()) {
            limit = Math.min(limit, number(group.folder().resolve(name), NO_LIMIT));
        }
        if (limit >= NO_LIMIT) {
            return Level.UNLIMITED;
        }
        long used = number(group.folder().resolve(group.usage()), 0) - droppable(group);
        return new Level(Math.max(0, used), limit);
    }

    private static long droppable(Group group) {
        String name = group.inactive() + " ";
        for (String line : lines(group.folder().resolve("memory.stat"))) {
            if (line.startsWith(name)) {
                return number(line.substring(name.length()), 0);
            }
        }
        return 0;
    }

    private static long number(Path file, long otherwise) {
        List<String> lines = lines(file);
        return lines.isEmpty() ? otherwise : number(lines.get(0), otherwise);
    }

    /** {@code max} in version 2 is no number. */
    private static long number(@Nullable String text, long otherwise) {
        try {
            return text == null ? otherwise : Long.parseLong(text.strip());
        } catch (NumberFormatException e) {
            return otherwise;
        }
    }

    private static List<String> lines(Path file) {
        try {
            return Files.readAllLines(file);
        } catch (IOException | SecurityException e) {
            return List.of();
        }
    }
}
