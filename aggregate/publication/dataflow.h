/* The parts of a dataflow's name: THDX:DF_ADOPTION(1.0.0). Pure. */
#ifndef NHIP_PUBLICATION_DATAFLOW_H
#define NHIP_PUBLICATION_DATAFLOW_H

enum { DATAFLOW_PART_BYTES = 64 };

struct dataflow {
    char agency[DATAFLOW_PART_BYTES];    /* THDX */
    char id[DATAFLOW_PART_BYTES];        /* DF_ADOPTION */
    char structure[DATAFLOW_PART_BYTES]; /* DSD_ADOPTION */
    char concepts[DATAFLOW_PART_BYTES];  /* CS_ADOPTION */
    char version[DATAFLOW_PART_BYTES];   /* 1.0.0 */
};

/* `structure_id`: as in the definitions, which have been checked to have the three parts. */
struct dataflow dataflow_of(const char *structure_id);

#endif
