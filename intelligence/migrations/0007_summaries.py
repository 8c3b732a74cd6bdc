from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('intelligence', '0006_agents'),
    ]

    operations = [
        migrations.AddField(
            model_name='deployment',
            name='summary',
            field=models.TextField(blank=True, default='', help_text='how it ended and why, in a few sentences'),
        ),
        migrations.AddField(
            model_name='deployment',
            name='summarised_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]
