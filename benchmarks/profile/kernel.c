/* What any profile has to do to each value once it is decoded: count, min, max, sums, zeros, negatives, and a
   HyperLogLog register. Plain loops, compiled with -O3: the limit that a profile is compared with. */
#include <stdint.h>

typedef struct { double count, zeros, negatives, min, max, sum, squares; uint8_t registers[1024]; } state;

static inline void meet(state *s, uint64_t h) {
    h ^= h >> 33; h *= 0xff51afd7ed558ccdULL; h ^= h >> 33; h *= 0xc4ceb9fe1a85ec53ULL; h ^= h >> 33;
    uint64_t rest = (h >> 10) | (1ULL << 54);
    uint8_t rank = (uint8_t)(__builtin_ctzll(rest) + 1);
    if (rank > s->registers[h & 1023]) s->registers[h & 1023] = rank;
}

static inline int there(const uint8_t *valid, int64_t i) { return !valid || (valid[i >> 3] >> (i & 7)) & 1; }

#define NUMBERS(name, type)                                                               \
    void name(const type *x, const uint8_t *valid, int64_t offset, int64_t n, state *s) { \
        for (int64_t i = offset; i < offset + n; i++) {                                   \
            if (!there(valid, i)) continue;                                               \
            double v = (double)x[i];                                                      \
            if (v != v) continue;                                                         \
            s->count += 1; s->zeros += v == 0; s->negatives += v < 0;                     \
            if (v < s->min) s->min = v;                                                   \
            if (v > s->max) s->max = v;                                                   \
            s->sum += v; s->squares += v * v;                                             \
            uint64_t bits = 0; __builtin_memcpy(&bits, &x[i], sizeof(type)); meet(s, bits); \
        }                                                                                 \
    }
NUMBERS(floats, double)
NUMBERS(integers, int64_t)

void texts(const int32_t *ends, const uint8_t *body, const uint8_t *valid, int64_t offset, int64_t n, state *s) {
    for (int64_t i = offset; i < offset + n; i++) {
        if (!there(valid, i)) continue;
        uint64_t h = 14695981039346656037ULL;
        for (int32_t j = ends[i]; j < ends[i + 1]; j++) h = (h ^ body[j]) * 1099511628211ULL;
        double length = ends[i + 1] - ends[i];
        s->count += 1; s->sum += length;
        if (length < s->min) s->min = length;
        if (length > s->max) s->max = length;
        meet(s, h);
    }
}
