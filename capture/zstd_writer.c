/* SPDX-License-Identifier: Apache-2.0 */
/* The calls that tell and limit a compressor's memory: in the library since 1.3, not "stable". */
#define ZSTD_STATIC_LINKING_ONLY
#include "capture/zstd_writer.h"

#include <errno.h>
#include <stdlib.h>
#include <zstd.h>

#include "capture/chunk.h"

struct zstd_writer {
	ZSTD_CCtx *compressor; /* in memory: it can take no more */
	void *memory;
	uint8_t *frame;
	size_t frame_room;
};

static size_t compressor_bytes(int level, uint32_t chunk_bytes)
{
	return ZSTD_estimateCCtxSize_usingCParams(ZSTD_getCParams(level, chunk_bytes, 0));
}

size_t zstd_writer_bytes(int level, uint32_t chunk_bytes)
{
	return compressor_bytes(level, chunk_bytes) + ZSTD_compressBound(chunk_bytes);
}

/* Smaller chunks are compressed with the same tables: with theirs, memory might not suffice. */
static int set_up(ZSTD_CCtx *compressor, int level, uint32_t chunk_bytes)
{
	const ZSTD_compressionParameters found = ZSTD_getCParams(level, chunk_bytes, 0);
	const struct {
		ZSTD_cParameter parameter;
		int value;
	} values[] = {
		{ZSTD_c_compressionLevel, level},
		{ZSTD_c_windowLog, (int)found.windowLog},
		{ZSTD_c_hashLog, (int)found.hashLog},
		{ZSTD_c_chainLog, (int)found.chainLog},
		{ZSTD_c_searchLog, (int)found.searchLog},
		{ZSTD_c_minMatch, (int)found.minMatch},
		{ZSTD_c_targetLength, (int)found.targetLength},
		{ZSTD_c_strategy, (int)found.strategy},
		{ZSTD_c_contentSizeFlag, 1}, /* which a static context leaves out */
		{ZSTD_c_checksumFlag, 1},
	};

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		if (ZSTD_isError(ZSTD_CCtx_setParameter(compressor, values[i].parameter,
							values[i].value)))
			return -EINVAL;
	return 0;
}

struct zstd_writer *zstd_writer_new(int level, uint32_t chunk_bytes)
{
	struct zstd_writer *writer = calloc(1, sizeof(*writer));
	size_t bytes = compressor_bytes(level, chunk_bytes);

	if (!writer)
		return NULL;
	writer->frame_room = ZSTD_compressBound(chunk_bytes);
	writer->frame =
		aligned_alloc(CHUNK_BLOCK, (writer->frame_room / CHUNK_BLOCK + 1) * CHUNK_BLOCK);
	writer->memory = aligned_alloc(CHUNK_BLOCK, (bytes / CHUNK_BLOCK + 1) * CHUNK_BLOCK);
	if (writer->memory && writer->frame)
		writer->compressor = ZSTD_initStaticCCtx(writer->memory, bytes);
	if (!writer->compressor || set_up(writer->compressor, level, chunk_bytes) < 0) {
		zstd_writer_free(writer);
		return NULL;
	}
	return writer;
}

void zstd_writer_free(struct zstd_writer *writer)
{
	if (!writer)
		return;
	free(writer->memory);
	free(writer->frame);
	free(writer);
}

int zstd_writer_frame(struct zstd_writer *writer, const uint8_t *data, uint32_t bytes,
		      const uint8_t **frame, uint32_t *frame_bytes)
{
	size_t length =
		ZSTD_compress2(writer->compressor, writer->frame, writer->frame_room, data, bytes);

	if (ZSTD_isError(length))
		return -EIO;
	*frame = writer->frame;
	*frame_bytes = (uint32_t)length;
	return 0;
}
