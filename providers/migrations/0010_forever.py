"""Rows that stand for good are signed and sealed; the audit log."""

import django.utils.timezone
from django.db import migrations, models

from providers.ledger import triggers
from providers.trail.signature import (USAGE, sign_row)

AT_ONCE = 1000


def lift(apps, schema_editor):
    triggers.lift(schema_editor.connection)


def sign(apps, schema_editor):
    """The rows that are there: whoever runs a migration vouches for them."""
    rows = apps.get_model("providers", "AIUsageLog").objects.using(schema_editor.connection.alias)
    last = 0
    while found := list(rows.filter(number__gt=last).order_by("number").values(*USAGE)[:AT_ONCE]):
        values = [(sign_row(USAGE, row), row["number"]) for row in found]
        with schema_editor.connection.cursor() as cursor:
            cursor.executemany("UPDATE providers_aiusagelog SET signature = %s WHERE number = %s", values)
        last = found[-1]["number"]


class Migration(migrations.Migration):

    dependencies = [
        ('providers', '0009_idempotency'),
    ]

    operations = [
        migrations.RunPython(lift, lift),  # they come back after `migrate` (providers/apps.py)
        migrations.CreateModel(
            name='ChainCheck',
            fields=[
                ('chain', models.CharField(max_length=10, primary_key=True, serialize=False)),
                ('at', models.DateTimeField()),
                ('ok', models.BooleanField()),
                ('rows', models.BigIntegerField()),
                ('unsealed', models.BigIntegerField()),
                ('seconds', models.FloatField()),
                ('first_bad', models.BigIntegerField(null=True)),
                ('problem', models.TextField(blank=True, default='')),
                ('note', models.TextField(blank=True, default='')),
            ],
        ),
        migrations.AddField(
            model_name='aiusagelog',
            name='signature',
            field=models.CharField(default='', editable=False, max_length=64),
            preserve_default=False,
        ),
        migrations.RunPython(sign, migrations.RunPython.noop),
        migrations.CreateModel(
            name='AuditEntry',
            fields=[
                ('number', models.BigIntegerField(editable=False, primary_key=True, serialize=False)),
                ('at', models.DateTimeField(db_index=True)),
                ('actor_id', models.BigIntegerField(null=True)),
                ('role', models.CharField(blank=True, default='', max_length=12)),
                ('surface', models.CharField(max_length=12)),
                ('action', models.CharField(max_length=60)),
                ('object_type', models.CharField(blank=True, default='', max_length=40)),
                ('object_id', models.CharField(blank=True, default='', max_length=64)),
                ('object_label', models.CharField(blank=True, default='', max_length=200)),
                ('before', models.TextField(default='{}')),
                ('after', models.TextField(default='{}')),
                ('reason', models.CharField(blank=True, default='', max_length=500)),
                ('request_id', models.CharField(blank=True, default='', max_length=64)),
                ('address', models.CharField(blank=True, default='', max_length=45)),
                ('outcome', models.CharField(default='done', max_length=10)),
                ('signature', models.CharField(editable=False, max_length=64)),
            ],
            options={
                'ordering': ['-number'],
                'abstract': False,
                'indexes': [models.Index(fields=['action', 'number'], name='audit_action'), models.Index(fields=['actor_id', 'number'], name='audit_actor'), models.Index(fields=['object_type', 'object_id', 'number'], name='audit_object')],
            },
        ),
        migrations.CreateModel(
            name='Seal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('chain', models.CharField(max_length=10)),
                ('number', models.BigIntegerField()),
                ('first', models.BigIntegerField()),
                ('last', models.BigIntegerField()),
                ('layout', models.PositiveSmallIntegerField()),
                ('adopted', models.BooleanField(default=False)),
                ('rows_hash', models.CharField(max_length=64)),
                ('digests', models.BinaryField()),
                ('previous', models.CharField(blank=True, default='', max_length=64)),
                ('hash', models.CharField(max_length=64)),
                ('key', models.CharField(max_length=16)),
                ('mac', models.CharField(max_length=64)),
                ('sealed_at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('chain', 'number'), name='one_seal')],
            },
        ),
    ]
